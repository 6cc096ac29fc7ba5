import numpy as np

from campaign.worlds import Recipe, recipes, source_of
from contract.families import catalogue
from detector.features import WIDTH
from generator.registry import families
from generator.workload import Share, Workload


def test_worlds_are_drawn_from_the_seed():
    assert recipes(20, 1) == recipes(20, 1)
    assert recipes(20, 1) != recipes(20, 2)
    assert recipes(30, 1)[:20] == recipes(20, 1)


def test_every_attack_family_gets_its_turn_and_some_worlds_have_none():
    attacks = {name for name in families() if catalogue()[name].attack}
    made = recipes(2 * len(attacks) + 8, 1)
    assert attacks <= {recipe.family for recipe in made}
    quiet = [recipe for recipe in made if not recipe.family]
    assert quiet
    assert all(recipe.workload.attacks == () for recipe in quiet)
    assert len({recipe.name for recipe in made}) == len(made)


def test_a_world_gives_labelled_looks():
    workload = Workload(
        seed=3,
        duration_s=4,
        curve=((0.0, 30.0),),
        attacks=(Share("port_scan"),),
        benign=(Share("dns_lookup"),),
        benign_curve=((0.0, 5.0),),
        sites=4,
        clients=20,
    )
    made = source_of(Recipe(0, "port_scan", workload), 1)
    assert (made.name, made.kind) == ("world-000-port_scan", "world")
    assert made.matrix.shape == (len(made), WIDTH)
    assert np.isfinite(made.matrix).all()
    assert set(made.families.tolist()) == {"benign", "port_scan"}
    again = source_of(Recipe(0, "port_scan", workload), 1)
    np.testing.assert_array_equal(made.matrix, again.matrix)


def test_some_worlds_have_ordinary_traffic_that_follows_the_attack():
    made = recipes(80, 1)
    assert 5 <= sum(recipe.workload.match == "shape" for recipe in made) <= 35
    assert {recipe.workload.arrivals for recipe in made} == {"poisson", "mmpp", "pareto_on_off"}
    assert not any(recipe.workload.match for recipe in made if not recipe.family)
