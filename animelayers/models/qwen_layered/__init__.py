"""Qwen-Image-Layered (arXiv 2512.15603), taught the four rendering layers by a LoRA and a layer-semantic embedding."""
