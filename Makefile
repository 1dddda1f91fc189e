# Everything a fresh machine needs: `make demo` shows the product, `make test` proves it.

PYTHON ?= python3
VENV ?= .venv
EXTRAS ?= dev
BIN = $(VENV)/bin

.PHONY: demo test lint docs bench benchmark clean

# The base ring only: no torch, about a minute.
demo: $(VENV)/base
	$(BIN)/animelayers decompose examples/sylvie_blue_normal.png -o demo/ --format psd,html,sheet
	$(BIN)/animelayers decompose examples/eileen_happy.png --mode parts -o demo/ --format psd,separation,sheet
	@echo
	@echo "rendering layers  demo/sylvie_blue_normal.psd       (Photoshop, Clip Studio, Krita …)"
	@echo "their preview     demo/sylvie_blue_normal.html      (any browser, offline)"
	@echo "body parts        demo/eileen_happy_import.psd      (Live2D Cubism; eileen_happy_separation.psd to paint on)"
	@echo "contact sheets    demo/sylvie_blue_normal_sheet.png demo/eileen_happy_parts_sheet.png"

# What CI runs, with EXTRAS=dev,train: without PyTorch, the tests of what learns are skipped.
test: lint
	$(BIN)/pytest -q -n 2 --dist loadfile

lint: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy tests/typing_api.py

docs: $(VENV)/dev
	$(BIN)/python docs/generate.py
	$(BIN)/python docs/contact_sheet.py
	$(BIN)/python docs/artist_sheet.py

bench: $(VENV)/dev
	$(BIN)/python benchmarks/exactness.py
	$(BIN)/python benchmarks/psd_write.py
	$(BIN)/python benchmarks/speed.py
	$(BIN)/python benchmarks/artist.py

# docs/benchmark.md; with Ren'Py's sheets: make benchmark SPRITES="--sprites SHEETS"
benchmark: $(VENV)/dev
	$(BIN)/python benchmarks/evaluation.py $(SPRITES)
	$(BIN)/python benchmarks/models.py

clean:
	rm -rf $(VENV) demo build dist

$(VENV)/base: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/dev: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -e ".[$(EXTRAS)]"
	@touch $@ $(VENV)/base
