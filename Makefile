# Every target sets up what it needs; see `make help`.
PYTHON ?= python3
DATA ?= ../shared/data
RIG ?= sim
RUN := .venv/bin

export PYTHON

.PHONY: help setup demo test check bench bench-peers clusters fleet image rehearse-install hil bad-month torture evaluate-fire resident-year contract sensors-page profiles-page people prompts lock clean

help: ## what there is to make
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

setup: .venv/dev.stamp ## .venv with everything a developer needs

demo: .venv/demo.stamp ## a simulated fire, seen to the hub; no root, ends by itself; PROFILE=name
	@$(RUN)/python -m hw_mocks.demo $(PROFILE)

test: apt .venv/dev.stamp ## everything that CI runs; installs Debian packages, so root or sudo
	@$(RUN)/python -m models fetch >/dev/null || echo "test: without the pose files: their tests are skipped"
	@$(RUN)/pytest --numprocesses 2 --dist worksteal

check: .venv/dev.stamp ## ruff, mypy, import contracts, two pylint checks, systemd units
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy
	$(RUN)/lint-imports
	$(RUN)/pylint agent drivers models provisioning hw_mocks tests scripts
	$(RUN)/pytest -q tests/test_systemd.py

bench: apt .venv/dev.stamp ## the budgets, measured
	@$(RUN)/python -m hw_mocks.measure

bench-peers: apt .venv/dev.stamp ## this agent beside a script, a bridge, ThingsBoard Gateway and Node-RED
	@scripts/peers.sh
	@$(RUN)/python -m hw_mocks.peers --thingsboard build/peers/thingsboard --node-modules build/peers/node_modules

clusters: apt .venv/dev.stamp ## the device against a NATS JetStream and a RabbitMQ cluster, whose nodes die
	@scripts/apt.sh nats-server rabbitmq-server
	@$(RUN)/python -m hw_mocks.clusters

fleet: apt .venv/dev.stamp ## 2,000 sessions of devices through an outage of their hub; FLEET=options
	@$(RUN)/python -m hw_mocks.fleet $(FLEET)

image: .venv/dev.stamp ## the SD card's image for Raspberry Pis, in build/image; root, Debian's archive, 5 minutes
	@scripts/apt.sh $$(sed 's/#.*//' scripts/image/apt.txt)
	@cd scripts && ../$(RUN)/python -m image.build $(IMAGE)

rehearse-install: apt .venv/dev.stamp ## image, cards, emulated Pis, enrolment, setup page, a fire at the hub; build/rehearsal
	@scripts/apt.sh $$(sed 's/#.*//' scripts/image/apt.txt)
	@rm -rf build/rehearsal
	@$(RUN)/python -m hw_mocks.rehearsal $(REHEARSE)

hil: apt .venv/dev.stamp ## the hardware-in-the-loop suite; RIG=sim|nspawn|qemu|board; build/hil
	@[ "$(RIG)" != qemu ] || scripts/apt.sh $$(sed 's/#.*//' scripts/image/apt.txt)
	@$(RUN)/python -m tests.hil --rig $(RIG) $(HIL)

bad-month: apt .venv/dev.stamp ## 30 days of a bad life, compressed; 40 minutes and more; MONTH=options
	@$(RUN)/python -m tests.month $(MONTH)

torture: apt .venv/dev.stamp ## 1,000 lives that end badly: kill, power cut, full disk, dead link, wrong clock
	@$(RUN)/python -m tests.torture $(TORTURE)

evaluate-fire: .venv/dev.stamp ## alarm times on recorded fires; DATA=folder of recordings
	@PYTHONPATH=. $(RUN)/python scripts/evaluate_fire.py $(DATA)

resident-year: .venv/dev.stamp ## a year of simulated residents on the real pipeline, and its page
	@PYTHONPATH=. $(RUN)/python scripts/resident_year.py
	@PYTHONPATH=. $(RUN)/python scripts/care_page.py

contract: .venv/dev.stamp ## the hub's schemas, AsyncAPI document and examples, from the code
	@$(RUN)/python -m provisioning.hub_files

sensors-page: .venv/dev.stamp ## docs/sensors.md from what the drivers say of their parts
	@$(RUN)/python scripts/sensors_page.py

profiles-page: .venv/dev.stamp ## docs/profiles, from the profiles and the book of parts
	@$(RUN)/python scripts/profiles_page.py

people: apt .venv/dev.stamp ## docs/people: tables from the code, card and sheet printed; all into build/people
	@$(RUN)/python scripts/people_pages.py
	@$(RUN)/python scripts/people_pages.py --out build/people

prompts: ## the words of the loudspeaker, by espeak-ng; FOLDER=where, else /usr/share/haetae/prompts
	@$(PYTHON) scripts/make_prompts.py $(if $(FOLDER),--folder $(FOLDER))

lock: .venv/dev.stamp ## pin the dependencies of setup.cfg again; UPGRADE=1 takes newer ones
	scripts/lock.sh $(if $(UPGRADE),--upgrade)

clean: ## remove all that was made
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: apt
apt:
	@scripts/apt.sh $$(grep -v '^#' apt.txt)

.venv/dev.stamp: requirements/build.lock requirements/dev.lock setup.cfg pyproject.toml scripts/setup.sh
	@scripts/setup.sh dev
	@touch .venv/demo.stamp $@

.venv/demo.stamp: requirements/build.lock requirements/demo.lock setup.cfg pyproject.toml scripts/setup.sh
	@scripts/setup.sh demo
	@touch $@
