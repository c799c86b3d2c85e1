"""The command line: the only argv, signals and exit codes."""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from waexporter.commands.console import ask_password, ask_yes, complete_streams, write_out
from waexporter.commands.options import build
from waexporter.config import Loaded, check_webhook_auth, effective, load, load_daemon_access, parse_listen
from waexporter.config.credentials import secret_of_file
from waexporter.daemon.signals import ReloadSignal
from waexporter.errors import CommandError, ConfigError
from waexporter.model import Credentials, Secret, Tls, WebSettings, now

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping, Sequence

    from waexporter.daemon.app import Daemon
    from waexporter.model import Config, Target

OK, CANNOT, BAD_CONFIGURATION, UNKNOWN = 0, 1, 2, 3
INTERRUPTED = 128 + signal.SIGINT
_HEALTHY = "/-/healthy"


def main(arguments: list[str] | None = None) -> int:
    """Run one command; gives the exit code."""
    complete_streams()
    try:
        return _do(_parse(arguments))
    except CommandError as error:  # of the help; a command's own are told by `_do`
        _complain(str(error))
        return CANNOT
    except KeyboardInterrupt:
        with suppress(OSError):
            _complain("interrupted: it has not come to its end")
        _leave_threads(INTERRUPTED)
        return INTERRUPTED
    except BrokenPipeError:
        return CANNOT  # whoever read our output has seen enough


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    try:
        return build(COMMANDS, UNKNOWN).parse_args(arguments)
    finally:
        write_out()  # a help that nobody reads to its end


def _do(options: argparse.Namespace) -> int:
    bad_configuration, cannot = _CODES.get(options.command, (BAD_CONFIGURATION, CANNOT))
    try:
        return int(options.command(options, os.environ))
    except ConfigError as error:
        for problem in error.problems:
            _complain(problem)
        return bad_configuration
    except CommandError as error:
        _complain(str(error))
        return cannot


# --- commands ----------------------------------------------------------------------------------


def _run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    def read() -> Loaded:
        loaded = load(options.config, environ)
        config = _overridden(loaded.config, options)
        _check_webhook(config)
        return Loaded(config, loaded.notes)

    with ReloadSignal() as reload_signal:
        loaded = read()
        _serve(loaded.config, loaded.notes, lambda daemon: reload_signal.start(daemon.reload), read)
    _leave_threads()
    return OK


def _check_webhook(config: Config) -> None:
    """Look for an open pager where the whole command line is known: it may move the address to listen on."""
    if problem := check_webhook_auth(config.pager, config.web):
        raise ConfigError([problem])


def _serve(
    config: Config,
    notes: Sequence[str],
    on_start: Callable[[Daemon], None],
    read: Callable[[], Loaded] | None = None,
) -> None:
    # Imported when a daemon is wanted: the other commands answer sooner without it.
    from waexporter import log  # noqa: PLC0415
    from waexporter.daemon import app  # noqa: PLC0415

    # A signal before the server has taken them over ends the start, and well.
    with suppress(KeyboardInterrupt), _terminated_as_interrupted():
        log.configure(config.log, sys.stderr)
        for note in notes:
            log.get_logger("config").warning(note)
        with app.start(config, read=read) as daemon:
            on_start(daemon)
            daemon.run()


class _terminated_as_interrupted:  # noqa: N801 - reads as the statement it is
    """Until the server takes over the signals, SIGTERM ends the start as Ctrl-C does."""

    def __enter__(self) -> None:
        self._before = signal.signal(signal.SIGTERM, signal.default_int_handler)

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGTERM, self._before)


def _leave_threads(code: int = OK) -> None:
    """End the process although polls are still waiting for an answer, which may take them a minute."""
    others = [thread for thread in threading.enumerate() if thread is not threading.main_thread()]
    if any(not thread.daemon for thread in others):
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _demo(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    from waexporter.commands.demo import base_url, simulated_clients  # noqa: PLC0415
    from waexporter.commands.demo_stack import FASTEST, find_free_address, find_programs, run_stack  # noqa: PLC0415

    if options.stack and options.speed > FASTEST:
        message = f"--stack goes with --speed up to {FASTEST:g}: nobody is paged about shorter incidents"
        raise ConfigError([message])
    if options.listen is None and environ.get("WAEXPORTER_LISTEN"):
        options.listen = _listen(environ)
    programs = find_programs() if options.stack else None
    alertmanager = find_free_address() if options.stack else None
    with simulated_clients(options.speed, alertmanager) as clients, ExitStack() as stack:
        config = _overridden(clients.config, options)
        host = config.web.host

        def announce(daemon: Daemon) -> None:
            port = daemon.server.port
            rows: tuple[tuple[str, str], ...] = ()
            if programs is not None and alertmanager is not None:
                _say("Starting Prometheus and Alertmanager ...")
                rows = stack.enter_context(run_stack(programs, base_url(host, port), alertmanager)).rows()
            clients.announce(base_url(host, port), rows, _say)

        _serve(config, (), announce)
    _leave_threads()
    return OK


def _check_config(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    loaded = load(options.config, environ)
    for note in loaded.notes:
        _complain(f"note: {note}")
    _check_webhook(loaded.config)
    if loaded.config.pager is not None and loaded.config.pager.fallback:
        # Imported when it is wanted: what a fallback may be is known to what sends there.
        from waexporter.daemon.paging import open_fallback  # noqa: PLC0415
        from waexporter.transport.tls import TlsContexts  # noqa: PLC0415

        open_fallback(loaded.config.pager, TlsContexts())
    _say(effective(loaded.config).rstrip("\n"))
    return OK


def _probe(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    from waexporter.commands.probe import EXIT_CODES, Folders, probe  # noqa: PLC0415

    loaded, target = _find(options, environ)
    for note in _notes_about(target, loaded):
        _complain(f"note: {note}")
    folders = Folders(*(Path(each) if each else None for each in (options.record, options.replay)))
    return EXIT_CODES[probe(target, loaded.config.limits, folders, _say, _wait)]


def _notes_about(target: Target, loaded: Loaded) -> list[str]:
    """Leave out what is said of other targets: there may be a thousand, and a probe fits on a screen."""
    own = f"targets[{loaded.config.targets.index(target)}]."
    return [note for note in loaded.notes if note.startswith(own) or not note.startswith("targets[")]


def _find(options: argparse.Namespace, environ: Mapping[str, str]) -> tuple[Loaded, Target]:
    """Find the target to probe: configured, by its name or url, else any url with the environment's login."""
    wanted = options.target.rstrip("/")
    try:
        loaded = load(options.config, environ)
    except ConfigError as error:
        if options.config or environ.get("WAEXPORTER_CONFIG"):
            raise
        if "://" not in wanted:
            hint = (
                f"{wanted!r} is neither a configured target nor a url, which begins with https:// or http://"
            )
            raise ConfigError([hint, *error.problems]) from error
    else:
        for target in loaded.config.targets:
            if wanted in {target.name, target.url, f"{target.url}/v1"}:
                return loaded, target
        if "://" not in wanted:
            names = ", ".join(target.name for target in loaded.config.targets[:10])
            message = f"no target is called {wanted!r}; there are: {names}"
            raise ConfigError([message])
    ours = {
        key: text
        for key, text in environ.items()
        if key not in {"WAEXPORTER_CONFIG", "WAEXPORTER_TARGET_NAME"}
    }
    variable = "WAEXPORTER_TARGET_URL"
    loaded = _load_said({**ours, variable: wanted}, {variable: "TARGET_OR_URL"})
    return loaded, loaded.config.targets[0]


def _load_said(variables: Mapping[str, str], names: Mapping[str, str]) -> Loaded:
    """Load variables of which some were said as arguments; problems and notes name those as `names` does."""

    def name(line: str) -> str:
        variable, colon, words = line.partition(":")
        return f"{names.get(variable, variable)}{colon}{words}"

    try:
        loaded = load(None, variables)
    except ConfigError as error:
        raise ConfigError([name(problem) for problem in error.problems]) from error
    return Loaded(loaded.config, tuple(map(name, loaded.notes)))


def _bootstrap(options: argparse.Namespace, _environ: Mapping[str, str]) -> int:
    from waexporter.commands.bootstrap import Wish, bootstrap  # noqa: PLC0415

    # What is said is checked as what is configured is, with the same words, and before anybody is asked.
    known = _load_said(
        {"WAEXPORTER_TARGET_URL": options.url, "WAEXPORTER_TLS_CA_FILE": options.ca_file or ""},
        {"WAEXPORTER_TARGET_URL": "--url", "WAEXPORTER_TLS_CA_FILE": "--ca-file"},
    )
    changed = options.new_admin_password_file
    wish = Wish(options.user, options.password_file, _read_secret(changed) if changed else None)
    given = options.admin_password_file
    password = _read_secret(given) if given else ask_password(options.admin_user)
    tls = Tls(known.config.targets[0].tls.ca_file, None, options.insecure_skip_verify)
    target = replace(known.config.targets[0], auth=Credentials(None, options.admin_user, password), tls=tls)
    bootstrap(target, known.config.limits, wish, _say)
    return OK


def _read_secret(path: str) -> Secret:
    try:
        return secret_of_file(path, say=lambda words: _complain(f"note: {words}"), may_end_blank=True)
    except ValueError as error:
        raise CommandError(str(error)) from error


def _pager_test(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    from waexporter.commands.pager_survey import target_of  # noqa: PLC0415
    from waexporter.commands.pager_test import rehearse, rehearse_fallback  # noqa: PLC0415

    config = load(options.config, environ).config
    send = rehearse_fallback if options.fallback else rehearse
    return OK if send(config, target_of(config, options.target).name, _say) else CANNOT


def _pager_check(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    from waexporter.commands.pager_check import inspect  # noqa: PLC0415

    config = load(options.config, environ).config
    address = Secret(options.alertmanager) if options.alertmanager else None
    return OK if inspect(config, address, _say) else CANNOT


def _pager_setup(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    from waexporter.commands.pager_setup import Wish, enrol  # noqa: PLC0415
    from waexporter.commands.pager_survey import target_of  # noqa: PLC0415

    config = load(options.config, environ).config
    confirm: Callable[[str], bool] | None = ask_yes if sys.stdin.isatty() else None
    wish = Wish(options.subject, (lambda _: True) if options.yes else confirm)
    return OK if enrol(config, target_of(config, options.target), wish, _say) else CANNOT


def _pages(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    from waexporter.commands.pager_survey import pager_of  # noqa: PLC0415
    from waexporter.commands.pages import list_pages, print_pages  # noqa: PLC0415

    folder = pager_of(load(options.config, environ).config).state_dir
    if options.json:
        print_pages(folder, options.limit, _say)
    else:
        list_pages(folder, options.limit, now().wall, _say)
    return OK


def _simulate(options: argparse.Namespace, _environ: Mapping[str, str]) -> int:
    # Imported when it is wanted: it weighs as much as the daemon itself.
    from waexporter.simulator import SCENARIOS, Options, serve  # noqa: PLC0415

    if options.scenario == "list":
        for name, scenario in SCENARIOS.items():
            _say(f"{name:<30}{scenario.description}")
        return OK
    host, port = options.listen
    try:
        chosen = Options(
            host=host,
            port=port,
            topology=options.topology,
            shards=options.shards,
            scenario=options.scenario,
            tls=options.tls,
            ca_file=options.ca_file,
            api_key=options.api_key,
            users=tuple(options.user),
            speed=options.speed,
            health_per_minute=options.health_limit or None,
        )
    except ValueError as error:
        raise ConfigError(str(error).splitlines()) from error
    try:
        serve(chosen, _say)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        why = "another program listens there already" if taken else str(error.strerror or error)
        raise CommandError(f"can't listen on {host}:{port}: {why} (choose another with --listen)") from error
    return OK


def _rules_render(options: argparse.Namespace, _environ: Mapping[str, str]) -> int:
    from waexporter.commands.rules_render import read_object, render, wrap  # noqa: PLC0415

    if options.kubernetes is None and (options.namespace or options.label):
        raise ConfigError(["--namespace and --label go with --kubernetes NAME"])
    bases = {"runbook_base": options.runbook_base, "dashboard_base": options.dashboard_base}
    text = render(selector=options.selector, **bases)
    if options.kubernetes is not None:
        labels = read_object(options.kubernetes, options.namespace, tuple(options.label))
        text = wrap(text, options.kubernetes, options.namespace, labels)
    _say(text.rstrip("\n"))
    return OK


def _dashboards_write(options: argparse.Namespace, _environ: Mapping[str, str]) -> int:
    from waexporter.commands.dashboards_write import render, write  # noqa: PLC0415

    boards = render(datasource=options.datasource, runbook_base=options.runbook_base)
    write(Path(options.folder), boards, _say)
    return OK


def _reload(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    from waexporter.commands.reload import renew  # noqa: PLC0415

    access = load_daemon_access(options.config, environ)
    url = (options.url or access.web.own_url).rstrip("/").removesuffix("/-/reload")
    return OK if renew(url, access, _say, _complain) else CANNOT


def _healthcheck(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    import http.client  # noqa: PLC0415
    import urllib.error  # noqa: PLC0415
    import urllib.request  # noqa: PLC0415

    base = (options.url or _own_url(options, environ)).rstrip("/")
    url = base.removesuffix(_HEALTHY) + _HEALTHY
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as answer:
            answer.read(1000)
            return OK
    except urllib.error.HTTPError as error:
        said = error.read(500).decode(errors="replace").strip()
        _complain(f"{url} answers {error.code}" + (f": {said}" if said else ""))
    except (OSError, ValueError, http.client.HTTPException) as error:
        why = getattr(error, "reason", error)
        why = getattr(why, "strerror", None) or why  # without "[Errno 111]"
        _complain(f"{url} does not answer: {why or type(error).__name__}")
    return CANNOT


def _own_url(options: argparse.Namespace, environ: Mapping[str, str]) -> str:
    """Find where the daemon of this machine listens: it was started with the same file and variables."""
    if options.config or environ.get("WAEXPORTER_CONFIG"):
        web = load(options.config, environ).config.web
    else:
        web = WebSettings(*_listen(environ))
    return web.own_url


def _listen(environ: Mapping[str, str]) -> tuple[str, int]:
    text = environ.get("WAEXPORTER_LISTEN") or "127.0.0.1:9847"
    try:
        return parse_listen(text)
    except ValueError as error:
        raise ConfigError([f"WAEXPORTER_LISTEN: {error}"]) from error


# --- words in and out --------------------------------------------------------------------------


def _say(line: str) -> None:
    write_out(f"{line}\n")


def _wait(what: str) -> None:
    """Show a person what is waited for, until the line about it takes its place."""
    if sys.stdout.isatty():
        write_out(f"{what} ...\r")


def _complain(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - this is the command line's own voice


def _overridden(config: Config, options: argparse.Namespace) -> Config:
    """Let the command line win over the file and the environment."""
    if options.listen is not None:
        host, port = options.listen
        config = replace(config, web=replace(config.web, host=host, port=port))
    if options.log_level is not None:
        config = replace(config, log=replace(config.log, level=options.log_level))
    if options.log_format is not None:
        config = replace(config, log=replace(config.log, format=options.log_format))
    return config


# Of a wrong configuration, and of what can't be done, where they are others than usual: a check that finds
# anything has found the configuration wrong, a folder that can't be written is a wrong argument, and to
# Nagios 2 and 1 mean something else.
_CODES = {
    _check_config: (BAD_CONFIGURATION, BAD_CONFIGURATION),
    _dashboards_write: (BAD_CONFIGURATION, BAD_CONFIGURATION),
    _probe: (UNKNOWN, UNKNOWN),
}

COMMANDS = {
    "run": _run,
    "demo": _demo,
    "check-config": _check_config,
    "probe": _probe,
    "bootstrap": _bootstrap,
    "simulate": _simulate,
    "rules render": _rules_render,
    "dashboards write": _dashboards_write,
    "pager test": _pager_test,
    "pager check": _pager_check,
    "pager setup": _pager_setup,
    "pages": _pages,
    "reload": _reload,
    "healthcheck": _healthcheck,
}
