"""Lists of targets in files: our own shape, and the groups of Prometheus."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from waexporter.config.fleet.target_list import read_text_list
from waexporter.config.poll import PollOverride, PollSettings
from waexporter.config.section import Report
from waexporter.config.targets import TargetDefaults, read_targets
from waexporter.model import Endpoint

if TYPE_CHECKING:
    from waexporter.model import Target

DEFAULTS = TargetDefaults(PollSettings({endpoint: PollOverride() for endpoint in Endpoint}))


def read(text: str, **more: Any) -> tuple[tuple[Target, ...], Report]:  # noqa: ANN401 - the fields of Report
    report = Report(place="eu.yml", **more)
    return read_targets(read_text_list(report, text), DEFAULTS), report


def brief(targets: tuple[Target, ...]) -> list[tuple[str, str, dict[str, str]]]:
    return [(each.name, each.url, dict(each.labels)) for each in targets]


def test_a_group_has_a_target_for_each_address_with_or_without_a_scheme() -> None:
    targets, report = read(
        """
- targets: ["wa-1.example:9090", "http://wa-2.example/gateway", wa-3.example]
  labels: {region: eu}
- targets: ["[::1]:9090"]
"""
    )

    assert brief(targets) == [
        ("wa-1.example:9090", "https://wa-1.example:9090", {"region": "eu"}),
        ("wa-2.example:80", "http://wa-2.example/gateway", {"region": "eu"}),
        ("wa-3.example:443", "https://wa-3.example", {"region": "eu"}),
        ("[::1]:9090", "https://[::1]:9090", {}),
    ]
    assert report.problems == []


def test_the_label_target_names_the_only_address_of_a_group() -> None:
    targets, report = read("[{targets: [wa.example], labels: {target: support-line, region: eu}}]")

    assert brief(targets) == [("support-line", "https://wa.example", {"region": "eu"})]
    assert report.problems == []


def test_a_name_for_several_addresses_is_a_problem() -> None:
    _, report = read("[{targets: [a.example, b.example], labels: {target: line}}]")

    words = "names one target, and the group has 2 addresses; make a group for each"
    assert report.problems == [f"eu.yml: [0].labels.target: {words}"]


def test_labels_for_prometheus_alone_are_ignored_with_one_note() -> None:
    group = "{targets: [%s], labels: {__meta_dc: fra, __metrics_path__: /x, __scheme__: http}}"

    targets, report = read(f"[{group % 'a.example'}, {group % 'b.example'}]")

    assert [each.url for each in targets] == ["http://a.example", "http://b.example"]
    words = "labels that begin with __ are ignored, as Prometheus does: __meta_dc, __metrics_path__"
    assert report.notes == [f"eu.yml: {words}"]


def test_both_shapes_stand_in_one_list() -> None:
    targets, report = read("[{url: 'https://a.example', name: a}, {targets: [b.example]}]")

    assert [each.name for each in targets] == ["a", "b.example:443"]
    assert report.problems == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[{url: 'ftp://a'}]", "eu.yml: [0].url: must begin with https:// or http://"),
        ("[{targets: [{a: b}]}]", "eu.yml: [0].targets[0]: must be a text, found a mapping"),
        ("[{targets: [a b]}]", "eu.yml: [0].targets[0]: must not hold spaces or backslashes"),
        ("[{targets: a.example}]", "eu.yml: [0].targets: must be a list of addresses"),
        ("[{targets: [a], labels: [b]}]", "eu.yml: [0].labels: must be a mapping, found a list"),
        ("[{targets: [a], labels: {job: b}}]", "eu.yml: [0].labels.job: is reserved; use another name"),
        (
            "[{targets: [a, b], labels: {b-c: d}}]",
            'eu.yml: [0].labels: "b-c" must be letters, digits and _, ',
        ),
        ("[{targets: [a], labels: {b: 1}}]", "eu.yml: [0].labels.b: must be a text, found a number"),
        (
            "[{targets: [a], labels: {target: 1}}]",
            "eu.yml: [0].labels.target: must be a text, found a number",
        ),
        ("[{targets: [a], labels: {__scheme__: x}}]", "eu.yml: [0].labels.__scheme__: must be http or https"),
        ("[{targets: [a], lables: {}}]", 'eu.yml: [0].lables: unknown key; did you mean "labels"?'),
        ("[{targets: [a, a]}]", '"a:443" is used by eu.yml: [0].targets[0] already'),
        ("[a.example]", "eu.yml: [0]: must be a mapping, found a text"),
        ("{targets: [a.example]}", 'eu.yml: must be a list with a "- " before each entry'),
        ("just words", 'eu.yml: must be a list with a "- " before each entry'),
        ("[{url: *x}]", "eu.yml: line 1, column 8: an alias without an anchor"),
        (
            '[{"url": "https://a", "url": "https://b"}]',
            "eu.yml: line 1, column 23: the key url is given twice",
        ),
        ("[" * 100_000, "eu.yml: is nested too deeply"),
    ],
)
def test_a_problem_names_the_place_in_the_list(text: str, problem: str) -> None:
    _, report = read(text)

    assert [line for line in report.problems if problem in line], report.problems
    assert len(report.problems) == 1


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "[]", "null", "\n---\n"])
def test_a_list_that_is_still_empty_is_no_problem_and_is_noted(text: str) -> None:
    targets, report = read(text)

    assert (targets, report.problems, report.notes) == ((), [], ["eu.yml: has no target"])


def test_a_list_from_another_host_names_no_file_of_this_one() -> None:
    text = "[{url: 'https://a.example', auth: {api_key_file: /etc/shadow}, tls: {ca_file: /etc/ca.pem}}]"

    _, report = read(text, may_name_files=False)

    words = "must not name a file, because this list comes from another host"
    assert report.problems == [f"eu.yml: [0].auth.api_key_file: {words}", f"eu.yml: [0].tls.ca_file: {words}"]
    assert report.files == {}


names = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Z", "Cf")), min_size=1, max_size=9
)


@given(st.dictionaries(names, st.integers(1, 65535), max_size=5))
def test_json_and_yaml_are_the_same_list(ports: dict[str, int]) -> None:
    groups = [{"targets": [f"wa.example:{port}"], "labels": {"target": name}} for name, port in ports.items()]

    of_json = read(json.dumps(groups))
    of_yaml = read(yaml.safe_dump(groups, allow_unicode=True))

    assert of_json[0] == of_yaml[0]
    assert of_json[1].problems == of_yaml[1].problems == []
    assert [each.name for each in of_json[0]] == list(ports)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["targets", "labels", "url", "name", "target", "auth"]), inner, max_size=4
            )
        ),
        max_leaves=12,
    )
)
def test_any_document_is_read_or_refused_with_a_place(document: object) -> None:
    _, report = read(json.dumps(document))

    assert all(line.startswith("eu.yml: ") for line in report.problems + report.notes)
