"""The plan as data and checks: which module stands on which floor, and who owns which foreign library.

Each check takes a source tree and yields its faults in words; ``test_architecture.py`` runs them. The tables below are
the only place where floors and owners are data; ``hub/__init__.py`` draws the same map for readers.
"""

from __future__ import annotations

import ast
import graphlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

# From the ground up. A name is a package of hub/ or a single file; a package is a family and may import itself.
FLOORS = tuple(
    frozenset(names.split())
    for names in (
        "model events errors bounds",
        "addresses topics dedupe capacity activity dialects control silence presence steady states fleet rules insight "
        "device_hints",
        "config environment log_setup fault_log files resources install sessions inbox batch bus runs qr mqtt store "
        "tables ai uploads worker notify metrics usage memory clock settings_errors",
        "committing liveness recovery decider pipeline outbox sender devices alerts commands twins credentials "
        "housekeeping archive transfer tools investigation prompts diagnosis assistant analysis book",
        "api",
        "app hangup reload assembly wiring server serve demo doctor device backup exchange running_hub access_token "
        "cli __main__",
    )
)

# Who may import whom on the same floor.
NEIGHBOURS = {
    "events": {"model"},
    "bounds": {"errors"},
    "activity": {"rules"},
    "pipeline": {"committing", "decider"},
    "decider": {"liveness", "recovery"},
    "dialects": {"topics"},
    "device_hints": {"dialects"},
    "control": {"dialects"},
    "steady": {"dedupe", "dialects", "silence"},
    "presence": {"silence"},
    "fleet": {"capacity", "dedupe", "dialects", "presence", "silence", "states", "steady"},
    "config": {"environment", "settings_errors"},
    "install": {"files"},
    "sessions": {"files"},
    "clock": {"files"},
    "mqtt": {"files", "fault_log"},
    "store": {"files", "fault_log"},
    "ai": {"files"},
    "worker": {"tables"},
    "assistant": {"tools"},
    "diagnosis": {"investigation", "prompts"},
    "app": {"assembly", "hangup", "reload"},
    "reload": {"assembly", "wiring"},
    "assembly": {"wiring", "server"},
    "serve": {"app"},
    "demo": {"app"},
    "doctor": {"running_hub", "serve", "wiring"},
    "device": {"running_hub", "serve", "wiring"},
    "backup": {"serve"},
    "access_token": {"serve"},
    "exchange": {"running_hub", "serve", "wiring"},
    "cli": {"app", "hangup", "serve", "demo", "doctor", "device", "backup", "exchange", "access_token"},
    "__main__": {"cli"},
}

# Each foreign library and the modules (or packages) that alone may import it.
OWNERS: dict[str, tuple[str, ...]] = {
    "aiomqtt": ("hub.mqtt.aiomqtt",),
    "amqtt": ("hub.mqtt.demo_broker_process",),
    "mqtt5": ("hub.mqtt.fast",),
    "paho": ("hub.mqtt.aiomqtt",),
    "fastapi": ("hub.api",),
    "starlette": ("hub.api",),
    "pydantic": ("hub.api.schemas.requests", "hub.runtime.settings", "hub.runtime.settings_errors"),
    "pydantic_settings": ("hub.runtime.settings",),
    "sqlite3": ("hub.store",),
    "pyarrow": ("hub.formats.parquet_writer", "hub.formats.parquet_reader"),
    "tsdownsample": ("hub.store.query.downsampler",),
    "openai": ("hub.ai.openai",),
    "ollama": ("hub.ai.ollama",),
    "uvicorn": ("hub.server",),
    "uvloop": ("hub.commandline.main",),
    "websockets": ("hub.mqtt.websocket",),
    "jinja2": ("hub.dialects.homeassistant.template",),
    "prometheus_client": ("hub.runtime.metrics",),
    "PIL": ("hub.worker",),
    "pypdf": ("hub.worker.document_job",),
    "pypdfium2": ("hub.worker.document_job",),
    "rapidocr": ("hub.worker.ocr",),
    "scipy": ("hub.worker.audio_stats", "hub.worker.audio_job"),
    "soundfile": ("hub.worker.audio_job", "hub.worker.audio_decoding"),
    "faster_whisper": ("hub.worker.speech",),
    "psutil": ("hub.assembly.memory_limit", "hub.runtime.process_usage"),
    "segno": ("hub.runtime.qr",),
}
# Plain data, arithmetic and types: free for all.
FREE = {"msgspec", "numpy", "typing_extensions"}
# What the simulators need besides Python itself.
SIMULATORS_USE = {"paho", "numpy", "simulators"}

# The two lowest floors take `now` as an argument and never wait: they have no use for these.
NOT_BELOW_EDGES = {"asyncio", "socket", "ssl", "subprocess", "threading", "time"}
PURE_FLOORS = 2

LONGEST_FILE = 300
WEB_SOURCES = {".ts", ".js", ".svelte", ".css", ".html"}
NAMES_THAT_SAY_NOTHING = {"util", "utils", "helper", "helpers", "manager", "managers", "controller"}


@dataclass(frozen=True)
class Module:
    """One Python file: its dotted name, its syntax tree, and what it imports as (dotted name, line)."""

    name: str
    path: Path
    tree: ast.Module
    imports: tuple[tuple[str, int], ...]

    @property
    def family(self) -> str:
        """``mqtt`` for ``hub.mqtt.client``, ``fleet`` for ``hub.registry.registry``, empty for ``hub`` itself."""
        return self.name.partition(".")[2].partition(".")[0]


@dataclass(frozen=True)
class Tree:
    """The Python modules of ``hub/`` and ``simulators/`` by name, and the sources of the dashboard."""

    modules: dict[str, Module]
    web: tuple[Path, ...]

    def of(self, package: str) -> Iterator[Module]:
        return (m for m in self.modules.values() if m.name.split(".")[0] == package)


def read_tree(root: Path) -> Tree:
    paths = {
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path
        for package in ("hub", "simulators")
        for path in sorted((root / package).rglob("*.py"))
    }
    modules = {}
    for name, path in paths.items():
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
        modules[name] = Module(name, path, tree, tuple(dict.fromkeys(_imports(name, path, tree, set(paths)))))
    web = sorted(path for path in (root / "web" / "src").rglob("*") if path.suffix in WEB_SOURCES)
    return Tree(modules, tuple(web))


def _imports(name: str, path: Path, tree: ast.Module, ours: set[str]) -> Iterator[tuple[str, int]]:
    """Every import, also inside functions and under TYPE_CHECKING: a type that is needed is a dependency."""
    package = name if path.stem == "__init__" else name.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                yield (inner if inner in ours else base), node.lineno


def _at(module: Module, line: int, words: str) -> str:
    return f"{module.name} (line {line}): {words}"


def _calls(module: Module) -> Iterator[tuple[ast.Call, str]]:
    """Every call with the last word of what is called."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            match node.func:
                case ast.Attribute(attr=word) | ast.Name(id=word):
                    yield node, word


# --- the checks ---------------------------------------------------------------------------------------------------


def floor_of(family: str) -> int | None:
    return next((number for number, floor in enumerate(FLOORS) if family in floor), None)


def floor_faults(tree: Tree) -> Iterator[str]:
    for module in tree.of("hub"):
        own = floor_of(module.family)
        if own is None and module.family:
            yield f"{module.name} stands on no floor: place it in FLOORS here and in the map of hub/__init__.py."
            continue
        for name, line in module.imports:
            family = name.partition(".")[2].partition(".")[0]
            if name.split(".")[0] != "hub" or family in ("", module.family):
                continue
            other = floor_of(family)
            if own is None:
                yield _at(module, line, f"hub/__init__.py imports nothing of ours, but has {name}.")
            elif other is None or other > own:
                yield _at(module, line, f"{name} is not on a lower floor.")
            elif other == own and family not in NEIGHBOURS.get(module.family, ()):
                yield _at(module, line, f"{name} is on the same floor.")


def owner_faults(tree: Tree) -> Iterator[str]:
    for module in tree.of("hub"):
        for name, line in module.imports:
            library = name.split(".")[0]
            owners = OWNERS.get(library)
            if owners is not None:
                if not any(module.name == owner or module.name.startswith(f"{owner}.") for owner in owners):
                    yield _at(module, line, f"{library} belongs to {' and '.join(owners)}.")
            elif library not in sys.stdlib_module_names and library not in FREE | {"hub", "simulators"}:
                yield _at(module, line, f"{library} has no owner: give it one in OWNERS.")


def border_faults(tree: Tree) -> Iterator[str]:
    """Hub and simulators share nothing but the wire: else a fault of one is mirrored in the other and not seen."""
    for module in tree.of("hub"):
        for name, line in module.imports:
            if name.split(".")[0] == "simulators":
                yield _at(module, line, "the hub starts `python -m simulators`, it never imports it.")
    for module in tree.of("simulators"):
        for name, line in module.imports:
            library = name.split(".")[0]
            if library not in sys.stdlib_module_names and library not in SIMULATORS_USE:
                yield _at(module, line, f"simulators don't use {library}.")


def purity_faults(tree: Tree) -> Iterator[str]:
    for module in tree.of("hub"):
        floor = floor_of(module.family)
        if floor is None or floor >= PURE_FLOORS:
            continue
        for name, line in module.imports:
            if name.split(".")[0] in NOT_BELOW_EDGES:
                yield _at(module, line, f"floor {floor} has no clock, loop or network, but imports {name}.")
        for node in ast.walk(module.tree):
            if isinstance(node, ast.AsyncFunctionDef):
                yield _at(module, node.lineno, f"floor {floor} never waits, but {node.name} is async.")


def cycle_faults(tree: Tree) -> Iterator[str]:
    graph = {m.name: {name for name, _ in m.imports} - {m.name} for m in tree.modules.values()}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        yield f"import cycle: {' -> '.join(reversed(error.args[1]))}"


def length_faults(tree: Tree) -> Iterator[str]:
    for path in [*(module.path for module in tree.modules.values()), *tree.web]:
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > LONGEST_FILE:
            yield f"{path} has {lines} lines, over {LONGEST_FILE}: is there a second noun in it?"


def name_faults(tree: Tree) -> Iterator[str]:
    for path in [*(module.path for module in tree.modules.values()), *tree.web]:
        if NAMES_THAT_SAY_NOTHING & set(path.stem.lower().replace("-", "_").split("_")):
            yield f"{path}: name the noun that lives there."
    for module in tree.modules.values():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef) and node.name.endswith(("Manager", "Helper", "Controller", "Utils")):
                yield _at(module, node.lineno, f"class {node.name}: name the noun that it is.")


def docstring_faults(tree: Tree) -> Iterator[str]:
    for module in tree.modules.values():
        if not ast.get_docstring(module.tree):
            yield f"{module.name} has no docstring: say what lives there and what it does not know."


def error_code_faults(tree: Tree) -> Iterator[str]:
    classes = [
        (module, node) for module in tree.of("hub") for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef)
    ]
    family, before = {"HubError"}, 0
    while len(family) > before:  # until no further subclass is found
        before = len(family)
        family |= {node.name for _, node in classes if family & {ast.unparse(b).split(".")[-1] for b in node.bases}}
    seen: dict[str, str] = {}
    for module, node in classes:
        if node.name not in family:
            continue
        code = next(filter(None, map(_code_of, node.body)), None)
        if code is None:
            yield _at(module, node.lineno, f"{node.name} sets no `code` of its own.")
        elif code in seen:
            yield _at(module, node.lineno, f"{node.name} has the code {code!r} of {seen[code]}.")
        else:
            seen[code] = node.name


def _code_of(statement: ast.stmt) -> str | None:
    match statement:
        case ast.Assign(targets=[ast.Name(id="code")], value=ast.Constant(value=str(code))):
            return code
        case ast.AnnAssign(target=ast.Name(id="code"), value=ast.Constant(value=str(code))):
            return code
    return None


def task_faults(tree: Tree) -> Iterator[str]:
    """Every task has a name, and an owner: a TaskGroup, or whoever keeps what ``asyncio.create_task`` returns."""
    for module in tree.of("hub"):
        dropped = {id(n.value) for n in ast.walk(module.tree) if isinstance(n, ast.Expr)}
        for call, word in _calls(module):
            if word == "ensure_future":
                yield _at(module, call.lineno, "ensure_future gives no name: use create_task.")
            if word != "create_task":
                continue
            if "name" not in {keyword.arg for keyword in call.keywords}:
                yield _at(module, call.lineno, "create_task without name=.")
            maker = ast.unparse(call.func).removesuffix(".create_task").split(".")[-1]
            if id(call) in dropped and ("loop" in maker or maker in ("asyncio", "create_task")):
                yield _at(module, call.lineno, "nobody owns this task: keep it, or start it in a TaskGroup.")


CHECKS: tuple[Callable[[Tree], Iterator[str]], ...] = (
    floor_faults,
    owner_faults,
    border_faults,
    purity_faults,
    cycle_faults,
    length_faults,
    name_faults,
    docstring_faults,
    error_code_faults,
    task_faults,
)
