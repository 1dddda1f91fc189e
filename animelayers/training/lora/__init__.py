"""How an adapter for rendering layers is taught: LoRA and layer-semantic embedding on a frozen Qwen-Image-Layered."""
