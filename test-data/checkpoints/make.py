"""Writes the checkpoints of this folder and the values they hold (values.json). Needs Debian's python3-torch 1.13 and python3-numpy.

Run: /usr/bin/python3 make.py
Every tensor is a closed form of its index, so that a reader can be judged without this script.
"""
import collections
import json
import pathlib

import numpy
import torch

here = pathlib.Path(__file__).parent


def ramp(*shape, dtype=torch.float32):
    n = int(numpy.prod(shape)) if shape else 1
    return (torch.arange(n, dtype=torch.float64) * 0.5 - 3).to(dtype).reshape(shape)


base = ramp(6, 8)
shared = ramp(24)
state = collections.OrderedDict()
state['plain'] = ramp(2, 3, 4)
state['transposed'] = base.t()
state['column'] = base[:, 3]
state['block'] = base[1:5, 2:7:2]
state['offset'] = shared[10:16].reshape(2, 3)
state['alias'] = shared[10:16].reshape(2, 3)
state['scalar'] = torch.tensor(2.25)
state['empty'] = torch.zeros(0, 5)
state['parameter'] = torch.nn.Parameter(ramp(3, 3))
state['float64'] = ramp(5, dtype=torch.float64)
state['float16'] = ramp(5, dtype=torch.float16)
state['bfloat16'] = ramp(5, dtype=torch.bfloat16)
state['int64'] = torch.tensor([-(2**40), 0, 7])
state['int32'] = torch.tensor([-5, 6], dtype=torch.int32)
state['int16'] = torch.tensor([-300, 300], dtype=torch.int16)
state['int8'] = torch.tensor([-7, 7], dtype=torch.int8)
state['uint8'] = torch.tensor([0, 255], dtype=torch.uint8)
state['bool'] = torch.tensor([True, False, True])

torch.save(state, here / 'state.pt')
torch.save({'epoch': 3, 'state_dict': state, 'note': 'x'}, here / 'nested.pt')
torch.save(base[2:4], here / 'single.pt')
torch.save(state, here / 'legacy.pt', _use_new_zipfile_serialization=False)


class Trainer:
    pass


torch.save({'state_dict': state, 'trainer': Trainer()}, here / 'object.pt')
module = torch.nn.Linear(2, 2)
torch.save(module, here / 'module.pt')

for name, array in {
    'c_order': numpy.arange(24, dtype='<f4').reshape(2, 3, 4),
    'fortran': numpy.asfortranarray(numpy.arange(24, dtype='<f8').reshape(2, 3, 4)),
    'int64': numpy.arange(-3, 3, dtype='<i8'),
    'scalar': numpy.array(1.5, dtype='<f4'),
    'half': numpy.array([1.5, -0.1, 65504, 6e-8], dtype='<f2'),
}.items():
    numpy.save(here / f'{name}.npy', array)

values = {
    k: {
        'dtype': str(v.dtype).replace('torch.', ''),
        'shape': list(v.shape),
        'values': [float(x) for x in v.detach().to(torch.float64).flatten().tolist()],
    }
    for k, v in state.items()
}
(here / 'values.json').write_text(json.dumps(values, indent=0) + '\n')
