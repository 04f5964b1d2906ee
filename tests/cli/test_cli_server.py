"""Commands beside a running server, and the server's own start and end."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import threading
import time
from pathlib import Path

import httpx
import pytest
from cli_runs import Home, Served, serving, stopped

from tests.servers.ports import free_port, wait_for

pytestmark = pytest.mark.slow

RESET = "How is a dock scanner reset?"


def test_commands_go_through_the_running_server(served: Served, documents: Path) -> None:
    began = time.perf_counter()
    [answer] = served.home.run("ask", RESET, "--tenant", "acme", "--json").done().json_lines()
    print(f"ask through the server: {time.perf_counter() - began:.1f} s")
    assert answer["outcome"] == "answered"
    [found] = served.home.run("search", RESET, "--tenant", "acme", "--json").done().json_lines()
    assert found["passages"][0]["source"] == "runbooks/scanner.md"
    words = ("ingest", str(documents), "--tenant", "acme", "--corpus", "handbook", "--publish", "--json")
    [report] = served.home.run(*words).done().json_lines()
    assert report["counts"] == {"unchanged": 4}
    assert "running at " + served.url in served.home.run("doctor").done().out


def test_no_command_leaves_a_live_key_behind(served: Served) -> None:
    served.home.run("search", RESET, "--tenant", "acme", "--json").done()
    listed = served.home.run("key", "list", "--tenant", "acme").done().out
    assert "\tlive\t" not in "\n".join(line for line in listed.splitlines() if line.endswith("\tcommand line"))


def test_a_key_that_is_revoked_beside_the_server_is_dead_at_once(served: Served) -> None:
    [key] = served.home.run("key", "create", "--tenant", "acme", "--json").done().json_lines()
    with httpx.Client(base_url=served.url, headers={"Authorization": f"Bearer {key['key']}"}, trust_env=False) as api:
        assert api.post("/v1/search", json={"query": RESET}).status_code == 200
        served.home.run("key", "revoke", key["id"], "--tenant", "acme").done()
        assert api.post("/v1/search", json={"query": RESET}).status_code == 401


def test_a_second_server_on_the_same_folder_is_refused_and_harms_nothing(served: Served) -> None:
    served.home.run("serve", "--port", "0").failed("home_in_use")
    port = served.url.rsplit(":", 1)[-1]
    assert port in served.home.run("serve", "--port", port).failed("port_taken")
    assert "running at " + served.url in served.home.run("doctor").done().out
    [found] = served.home.run("search", RESET, "--tenant", "acme", "--json").done().json_lines()
    assert found["passages"]


def test_folders_below_the_allowed_roots_are_sources_and_no_others(served: Served, documents: Path) -> None:
    [key] = served.home.run("key", "create", "--tenant", "acme", "--json").done().json_lines()
    with httpx.Client(base_url=served.url, headers={"Authorization": f"Bearer {key['key']}"}, trust_env=False) as api:

        def add(uri: str) -> httpx.Response:
            return api.post("/v1/sources", json={"corpus": "twin", "uri": uri})

        link = documents.parent / "link"
        link.symlink_to("/etc")
        for outside in ("/etc", str(documents.parent), f"{documents}/../", f"{documents}-twin", str(link)):
            refused = add(outside)
            assert (refused.status_code, refused.json()["code"]) == (403, "source_not_allowed"), outside
        missing = add(f"{documents}/gone")
        assert (missing.status_code, missing.json()["code"]) == (422, "source_not_found")

        source = add(str(documents / "runbooks")).json()
        assert source["corpus"] == "twin"
        job = api.post(f"/v1/sources/{source['id']}/sync").json()
        assert job["status"] in ("queued", "running")

        def ended() -> bool:
            return api.get(f"/v1/jobs/{job['id']}").json()["status"] in ("done", "failed")

        wait_for(ended, seconds=120, what="the sync")
        done = api.get(f"/v1/jobs/{job['id']}").json()
        assert (done["status"], done["error"]) == ("done", None)
        assert done["progress"]["done"] == done["progress"]["total"] == 2
        assert {file["path"]: file["status"] for file in done["result"]["files"]} == {
            "scanner.md": "indexed",
            "labels.md": "indexed",
        }


def test_a_server_that_is_told_to_stop_finishes_what_it_answers_and_leaves_no_trace(shop: Home, tmp_path: Path) -> None:
    home = _twin(shop, tmp_path)
    [key] = home.run("key", "create", "--tenant", "acme", "--json").done().json_lines()
    answers: list[int] = []
    with serving(home) as running:

        def ask() -> None:
            headers = {"Authorization": f"Bearer {key['key']}"}
            with httpx.Client(base_url=running.url, headers=headers, timeout=60, trust_env=False) as api:
                for _ in range(1000):
                    try:
                        answers.append(api.post("/v1/ask", json={"question": RESET}).status_code)
                    except httpx.ConnectError:
                        return

        asking = threading.Thread(target=ask)
        asking.start()
        wait_for(lambda: len(answers) > 3, seconds=60, what="an answer")
        said = stopped(running.process)
        asking.join(60)
    assert running.process.returncode == 0, said
    assert "error" not in said.replace("uvicorn.error", ""), said
    assert set(answers) == {200}
    assert not (home.folder / "server.json").exists()


def test_ctrl_c_ends_a_server_without_a_complaint(home: Home) -> None:
    with serving(home) as running:
        said = stopped(running.process, signal.SIGINT)
    assert running.process.returncode == 0, said
    assert "error:" not in said


def test_a_server_that_was_killed_leaves_nothing_that_misleads(shop: Home, tmp_path: Path) -> None:
    home = _twin(shop, tmp_path)
    # What a killed server leaves, with a process number that is alive: somebody else's by now.
    (home.folder / "server.json").write_text(
        f'{{"url": "http://127.0.0.1:{free_port()}", "pid": {os.getpid()}}}', "utf-8"
    )
    assert "not running" in home.run("doctor").done().out
    [found] = home.run("search", RESET, "--tenant", "acme", "--json").done().json_lines()
    assert found["passages"]


def test_a_port_that_somebody_else_has_is_named(home: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        assert port in home.run("serve", "--port", port).failed("port_taken")


def _twin(shop: Home, tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    shutil.copytree(shop.folder, home.folder)
    return home
