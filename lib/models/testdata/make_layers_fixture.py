"""Writes layers.json: outputs and gradients of PyTorch's LSTM, GRU, attention, layer norm and convolution.

Needs numpy and torch. Weights are random and small; gradients are those of sum(output * weight).
"""
import json, pathlib
import torch

torch.manual_seed(3)
torch.set_default_dtype(torch.float64)
N, T, F, U = 2, 4, 3, 4
r = lambda *s: (torch.randn(*s) * 0.5).requires_grad_()
out = {}

def record(name, inputs, run):
    y = run(**inputs)
    w = torch.randn_like(y)
    (y * w).sum().backward()
    out[name] = {
        "inputs": {k: {"shape": list(v.shape), "values": v.detach().flatten().tolist()} for k, v in inputs.items()},
        "outputWeights": w.flatten().tolist(),
        "output": y.detach().flatten().tolist(),
        "gradients": {k: v.grad.flatten().tolist() for k, v in inputs.items()},
    }

def cell(kind):
    gates = 4 if kind == "LSTM" else 3
    def run(x, kernel, recurrent, bias, recurrentBias=None):
        net = getattr(torch.nn, kind)(F, U, batch_first=False)
        args = {
            "weight_ih_l0": kernel.T, "weight_hh_l0": recurrent.T, "bias_ih_l0": bias,
            "bias_hh_l0": recurrentBias if recurrentBias is not None else torch.zeros_like(bias),
        }
        return torch.func.functional_call(net, args, (x,))[0]
    inputs = {"x": r(T, N, F), "kernel": r(F, gates * U), "recurrent": r(U, gates * U), "bias": r(gates * U)}
    if kind == "GRU":
        inputs["recurrentBias"] = r(gates * U)
    record(kind.lower(), inputs, run)

cell("LSTM")
cell("GRU")
record("layerNorm", {"x": r(N, T, F), "gamma": r(F), "beta": r(F)},
       lambda x, gamma, beta: torch.nn.functional.layer_norm(x, (F,), gamma, beta))

def attention(x, kernel, bias, outKernel, outBias):
    mask = torch.triu(torch.ones(T, T), 1).bool()
    return torch.nn.functional.multi_head_attention_forward(
        x.transpose(0, 1), x.transpose(0, 1), x.transpose(0, 1), U, 2, kernel.T, bias, None, None, False, 0.0,
        outKernel.T, outBias, attn_mask=mask, need_weights=False)[0].transpose(0, 1)
record("attention", {"x": r(N, T, U), "kernel": r(U, 3 * U), "bias": r(3 * U), "outKernel": r(U, U), "outBias": r(U)}, attention)

def convolution(causal):
    def run(x, kernel, bias):  # kernel [width, in, out]
        pad = (2 * 2, 0) if causal else (2, 2)
        y = torch.nn.functional.conv1d(torch.nn.functional.pad(x.transpose(1, 2), pad), kernel.permute(2, 1, 0), bias, dilation=2)
        return y.transpose(1, 2)
    return run
record("causalConvolution", {"x": r(N, 6, F), "kernel": r(3, F, U), "bias": r(U)}, convolution(True))
record("convolution", {"x": r(N, 6, F), "kernel": r(3, F, U), "bias": r(U)}, convolution(False))

def rounded(x):
    if isinstance(x, float): return float(f"{x:.9g}")
    if isinstance(x, list): return [rounded(v) for v in x]
    if isinstance(x, dict): return {k: rounded(v) for k, v in x.items()}
    return x
pathlib.Path(__file__).with_name("layers.json").write_text(json.dumps(rounded(out)))
