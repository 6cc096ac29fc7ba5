"""Message shapes that several families share: TLS records, DNS messages, HTTP texts, SSH packets, names."""
