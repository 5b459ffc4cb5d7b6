"""Checks of the source tree beyond the import contracts in pyproject.toml: names, length, tasks, error codes.

Each check takes a source tree and yields what is wrong as sentences; ``test_architecture.py`` runs them. Layers, cycles
and the owners of foreign libraries are contracts of import-linter.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from layer_map import contracts

# Third-party libraries that any module may import: data types and arithmetic. Every other library has an owner in
# the contracts of pyproject.toml.
FREE = {"msgspec", "numpy", "typing_extensions"}
# Imports that the simulators may use besides the standard library.
SIMULATORS_USE = {"paho", "numpy", "simulators"}

MAX_LINES = 300
WEB_SOURCES = {".ts", ".js", ".svelte", ".css", ".html"}
VAGUE_NAMES = {"util", "utils", "helper", "helpers", "manager", "managers", "controller"}


@dataclass(frozen=True)
class Module:
    """Python module: dotted name, syntax tree, and imports as (dotted name, line)."""

    name: str
    path: Path
    tree: ast.Module
    imports: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Tree:
    """Python modules of ``hub/`` and ``simulators/`` by name, and source files of the dashboard."""

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
    """Yield every import, also inside functions and under TYPE_CHECKING: a needed type is a dependency."""
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


def _at(module: Module, line: int, message: str) -> str:
    return f"{module.name} (line {line}): {message}"


def _calls(module: Module) -> Iterator[tuple[ast.Call, str]]:
    """Yield every call with the last part of the called name."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            match node.func:
                case ast.Attribute(attr=word) | ast.Name(id=word):
                    yield node, word


# --- the checks ---------------------------------------------------------------------------------------------------


def library_faults(tree: Tree) -> Iterator[str]:
    """Yield imports of third-party libraries without an owner, and imports that simulators must not use."""
    owned = {library for contract in contracts() for library in contract.get("protected_modules", ())}
    for module in tree.modules.values():
        ours = module.name.split(".")[0]
        allowed = SIMULATORS_USE if ours == "simulators" else FREE | owned | {"hub"}
        for name, line in module.imports:
            library = name.split(".")[0]
            if library not in sys.stdlib_module_names and library not in allowed:
                yield _at(module, line, f"{library} has no owner: add a contract to pyproject.toml, or do without it.")


def waiting_faults(tree: Tree) -> Iterator[str]:
    """Yield each coroutine in the pure packages: they return decisions and never wait."""
    (contract,) = (each for each in contracts() if each["id"] == "decisions")
    for module in tree.of("hub"):
        if not any(f"{module.name}.".startswith(f"{package}.") for package in contract["source_modules"]):
            continue
        for node in ast.walk(module.tree):
            if isinstance(node, ast.AsyncFunctionDef):
                yield _at(module, node.lineno, f"{node.name} is async, but decisions never wait.")


def class_faults(tree: Tree) -> Iterator[str]:
    """Yield each public class name that is defined in two modules."""
    places: dict[str, list[str]] = {}
    for module in tree.modules.values():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(module.name)
    for name, modules in sorted(places.items()):
        if len(modules) > 1:
            yield f"class {name} is defined in {' and '.join(modules)}: use one name for one thing."


def length_faults(tree: Tree) -> Iterator[str]:
    for path in [*(module.path for module in tree.modules.values()), *tree.web]:
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > MAX_LINES:
            yield f"{path} has {lines} lines, over {MAX_LINES}: split it by subject."


def name_faults(tree: Tree) -> Iterator[str]:
    for path in [*(module.path for module in tree.modules.values()), *tree.web]:
        if VAGUE_NAMES & set(path.stem.lower().replace("-", "_").split("_")):
            yield f"{path}: name the file after its subject."
    for module in tree.modules.values():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef) and node.name.endswith(("Manager", "Helper", "Controller", "Utils")):
                yield _at(module, node.lineno, f"class {node.name}: name the class after what it is.")


def docstring_faults(tree: Tree) -> Iterator[str]:
    for module in tree.modules.values():
        if not ast.get_docstring(module.tree):
            yield f"{module.name} has no docstring: say what the module contains."


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
            yield _at(module, node.lineno, f"{node.name} does not set `code`.")
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
    """Yield each task without a name or an owner (a TaskGroup, or a variable that keeps the created task)."""
    for module in tree.of("hub"):
        dropped = {id(n.value) for n in ast.walk(module.tree) if isinstance(n, ast.Expr)}
        for call, word in _calls(module):
            if word == "ensure_future":
                yield _at(module, call.lineno, "ensure_future sets no name: use create_task.")
            if word != "create_task":
                continue
            if "name" not in {keyword.arg for keyword in call.keywords}:
                yield _at(module, call.lineno, "create_task without name=.")
            maker = ast.unparse(call.func).removesuffix(".create_task").split(".")[-1]
            if id(call) in dropped and ("loop" in maker or maker in ("asyncio", "create_task")):
                yield _at(module, call.lineno, "this task has no owner: keep a reference, or start it in a TaskGroup.")


CHECKS: tuple[Callable[[Tree], Iterator[str]], ...] = (
    library_faults,
    waiting_faults,
    class_faults,
    length_faults,
    name_faults,
    docstring_faults,
    error_code_faults,
    task_faults,
)
