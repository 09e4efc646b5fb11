"""The slow, obvious twin of DeepRageNet: every gene x condition pair on its own, the tensor product written out."""

import torch
from torch import Tensor

from regdecode.models.deeprage import DeepRageNet


def naive_outputs(net: DeepRageNet, codes: Tensor, inputs: Tensor, own: Tensor, genes: Tensor | None = None) -> Tensor:
    """Outputs [N, S, T]: each pair is a sequence to convolve and a masked row of regulators."""
    n, s = len(codes), len(inputs)
    pairs = codes.repeat_interleave(s, 0)
    rows = inputs.repeat(n, 1).clone()
    owners = own.repeat_interleave(s)
    masked = torch.nonzero(owners >= 0)[:, 0]
    rows[masked, owners[masked]] = 0
    x = net.feature_norm(net.trunk(pairs))
    y = net.regulator_norm(net.regulator_act(net.regulators(net.hide(rows))))
    if net.shape.regulator_skip:
        y = torch.cat([y, rows], 1)
    remembered = None if genes is None else genes.repeat_interleave(s)
    conditions = None if genes is None else torch.arange(s, device=codes.device).repeat(n)
    return naive_merge(net, x, y, remembered, conditions).reshape(n, s, -1)


def naive_merge(net: DeepRageNet, x: Tensor, y: Tensor, genes: Tensor | None, conditions: Tensor | None) -> Tensor:
    """Outputs [pairs, T]."""
    merge, kind = net.merge, net.shape.merge
    if kind == "concatenate":
        weight = torch.cat([merge.from_sequence.weight, merge.from_regulators.weight], 1)
        return merge.tail(torch.cat([x.flatten(1), y], 1) @ weight.T + merge.from_sequence.bias)
    if kind == "tensor":
        product = x.flatten(1)[:, :, None] * y[:, None]
        weight = merge.first.weight.view(-1, y.shape[1], product.shape[1]).transpose(1, 2)
        return merge.tail(product.flatten(1) @ weight.flatten(1).T + merge.bias)
    if kind == "recurrent":
        hidden = merge.recurrent.in_features
        cell = torch.nn.LSTMCell(x.shape[1] + y.shape[1], hidden).to(x)
        with torch.no_grad():
            cell.weight_ih.copy_(torch.cat([merge.from_sequence.weight, merge.from_regulators.weight], 1))
            cell.weight_hh.copy_(merge.recurrent.weight)
            cell.bias_ih.copy_(merge.from_sequence.bias)
            cell.bias_hh.zero_()
        state = (x.new_zeros(len(x), hidden), x.new_zeros(len(x), hidden))
        for step in range(x.shape[2]):
            state = cell(torch.cat([x[:, :, step], y], 1), state)
        return merge.tail(state[0])
    u, v = merge.gene_vector(x), merge.from_regulators(y)
    if genes is not None:
        u, v = u + net.gene_memory[genes], v + net.condition_memory[conditions]
    return (u * v) @ merge.head.T + merge.gene_head(u) + merge.condition_head(v)
