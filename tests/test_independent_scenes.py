"""The everyday scenes of the diagnosis benchmark keep what their README promises."""

from __future__ import annotations

from benchmarks.independent.scenes import SCENES, check


def test_scenes_pass_their_checks():
    assert {line: wrong for line, wrong in check.report([]) if wrong} == {}


def test_scenes_have_both_kinds():
    broken = [scene.id for scene in SCENES if scene.right]

    assert 5 <= len(broken) < len(SCENES) / 2
