"""How the small nets of `lite` are made: views of drawn samples, a bank of them, two nets, one loop, one ONNX file.

    seeds ──► artist ──► views ──► bank ──► shelf ──► augment ──► net ──► losses
                      (processes, on disk)  (on the device)           loop: checkpoints, log, figures, ONNX

`train/lite.py` is the door. Nothing else in the package imports this room, so torch may stand at the top of its
modules; `views`, `bank` and `config` do without it, because processes that draw should not pay for it.
"""
