"""Makes gradients.json: values and gradients, by PyTorch's autograd in double precision, of operators
whose gradient in tfjs 4.22.0 is wrong. Run: python3 make_gradients.py"""
import json
import pathlib

import torch

torch.manual_seed(7)


def case(name, f, shapes, attrs=None):
    xs = [torch.randn(s, dtype=torch.float64, requires_grad=True) for s in shapes]
    y = f(*xs)
    w = torch.randn(y.shape, dtype=torch.float64)
    (y * w).sum().backward()
    pack = lambda t: {"shape": list(t.shape), "data": [round(v, 9) for v in t.flatten().tolist()]}
    return {
        "name": name,
        "attrs": attrs or {},
        "inputs": [pack(x.detach()) for x in xs],
        "weight": pack(w),
        "output": pack(y.detach()),
        "gradients": [pack(x.grad) for x in xs],
    }


def average_pool(x):  # NHWC, window 3, stride 2, padding "same", padding not counted
    y = torch.nn.functional.avg_pool2d(
        x.permute(0, 3, 1, 2), 3, 2, padding=1, count_include_pad=False
    )
    return y.permute(0, 2, 3, 1)


def exclusive_reverse(x):
    return x.flip(0).cumsum(0).flip(0) - x


pairs = [[[2, 3], [3]], [[2, 1, 3], [4, 1]], [[], [2, 2]], [[1], [3]]]
cases = []
for a, b in pairs:
    cases += [
        case("maximum", torch.maximum, [a, b]),
        case("minimum", torch.minimum, [a, b]),
        case("squaredDifference", lambda x, y: (x - y) ** 2, [a, b]),
    ]
cases += [
    case("cumsum", lambda x: x.cumsum(0), [[4, 3]], {"axis": 0}),
    case("cumsum", lambda x: x.cumsum(1), [[2, 4, 3]], {"axis": 1}),
    case("cumsum", exclusive_reverse, [[4, 3]], {"axis": 0, "exclusive": True, "reverse": True}),
    case("avgPool", average_pool, [[1, 5, 5, 2]]),
]
path = pathlib.Path(__file__).with_name("gradients.json")
path.write_text(json.dumps(cases, separators=(",", ":")) + "\n")
