"""The network: one small BERT-like encoder, one forward pass, six light heads.

The encoder is shaped like MiniLM-L6-H384 (Wang et al. 2020), whose weights it starts from. Heads:
boundaries (sentence, criterion and heading starts; section; side, depth and categories of a criterion), what is fitted
to the categories afterwards, nested spans (GlobalPointer, Su et al. 2022: one score for each type, start and end, with
rotary positions), attributes, relations between spans (bilinear over start and end tokens), and a concept
embedding. All outputs are per token, so that decoding needs no second pass.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from oncogloss.model.layout import BLOCK, BOUNDARY_SLICES, BOUNDARY_WIDTH, MAX_SPAN, NetworkConfig
from oncogloss.schema import ATTRIBUTES, CATEGORIES, ENTITY_TYPES, RELATION_TYPES


class NetworkOutput(NamedTuple):
    """What one forward pass gives; B windows of L tokens. All scores are logits."""

    boundaries: Tensor  # (B, L, BOUNDARY_WIDTH), laid out as `layout.BOUNDARY_SLICES`
    spans: Tensor  # (B, types, blocks, BLOCK, REACH): see `layout.span_cell`
    attributes: Tensor  # (B, L, attributes)
    relations: Tensor  # (B, L, 4, relations, width): head start, head end, tail start, tail end
    concepts: Tensor  # (B, L, concept width): average over a span's tokens, then normalise


def attention(query: Tensor, key: Tensor, value: Tensor, attend: Tensor | None) -> Tensor:
    """Scaled dot-product attention; all (B, heads, L, width), `attend` (B, 1, 1, L) bool or None."""
    if not (query.requires_grad and query.device.type == "cpu"):
        return F.scaled_dot_product_attention(query, key, value, attn_mask=attend)
    # torch's fused kernel takes twice as long as this on a CPU, forward and back
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)
    if attend is not None:
        scores = scores + torch.zeros_like(attend, dtype=scores.dtype).masked_fill(~attend, -1e4)
    return torch.softmax(scores, -1, dtype=scores.dtype) @ value


class EncoderLayer(nn.Module):
    """Post-norm transformer layer, as in BERT."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.n_heads = config.heads
        self.dropout = config.dropout
        self.query_key_value = nn.Linear(config.hidden, 3 * config.hidden)
        self.attention_output = nn.Linear(config.hidden, config.hidden)
        self.attention_norm = nn.LayerNorm(config.hidden, eps=1e-12)
        self.feed_forward_in = nn.Linear(config.hidden, config.feed_forward)
        self.feed_forward_out = nn.Linear(config.feed_forward, config.hidden)
        self.feed_forward_norm = nn.LayerNorm(config.hidden, eps=1e-12)

    def forward(self, hidden: Tensor, attend: Tensor | None) -> Tensor:
        """`hidden` (B, L, H), `attend` (B, 1, 1, L) bool or None (all) → (B, L, H)."""
        batch, length, width = hidden.shape
        split = self.query_key_value(hidden).view(batch, length, 3, self.n_heads, width // self.n_heads)
        query, key, value = split.permute(2, 0, 3, 1, 4)
        mixed = attention(query, key, value, attend)
        mixed = self.attention_output(mixed.transpose(1, 2).reshape(batch, length, width))
        hidden = self.attention_norm(hidden + F.dropout(mixed, self.dropout, self.training))
        inner = self.feed_forward_out(F.gelu(self.feed_forward_in(hidden)))
        output: Tensor = self.feed_forward_norm(hidden + F.dropout(inner, self.dropout, self.training))
        return output


class Encoder(nn.Module):
    """Token ids → contextual vectors."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.dropout = config.dropout
        width = config.token_width or config.hidden
        self.tokens = nn.Embedding(config.vocabulary_size, width)
        self.widen = nn.Identity() if width == config.hidden else nn.Linear(width, config.hidden, bias=False)
        self.positions = nn.Embedding(config.max_positions, config.hidden)
        self.norm = nn.LayerNorm(config.hidden, eps=1e-12)
        self.layers = nn.ModuleList(EncoderLayer(config) for _ in range(config.layers))

    def forward(self, ids: Tensor, mask: Tensor | None) -> Tensor:
        """`ids` (B, L) int64, `mask` (B, L) bool or None (no padding) → (B, L, H)."""
        positions = torch.arange(ids.shape[1], device=ids.device)
        hidden: Tensor = self.norm(self.widen(self.tokens(ids)) + self.positions(positions))
        hidden = F.dropout(hidden, self.dropout, self.training)
        attend = None if mask is None else mask[:, None, None, :]
        for layer in self.layers:
            hidden = layer(hidden, attend)
        return hidden


class MaskedLanguageHead(nn.Module):
    """Scores the vocabulary for masked tokens; its output matrix is the token embedding."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.transform = nn.Linear(config.hidden, config.hidden)
        self.norm = nn.LayerNorm(config.hidden, eps=1e-12)
        self.bias = nn.Parameter(torch.zeros(config.vocabulary_size))

    def forward(self, hidden: Tensor, token_embedding: Tensor) -> Tensor:
        """`hidden` (n, H), `token_embedding` (V, H) → logits (n, V)."""
        transformed: Tensor = self.norm(F.gelu(self.transform(hidden)))
        return F.linear(transformed, token_embedding, self.bias)


def rotate(vectors: Tensor) -> Tensor:
    """Rotary position embedding (Su et al. 2021) along dimension 1; `vectors` (B, L, …, even width)."""
    length, width = vectors.shape[1], vectors.shape[-1]
    frequency = 10_000.0 ** (-torch.arange(0, width, 2, device=vectors.device, dtype=torch.float32) / width)
    angle = torch.arange(length, device=vectors.device, dtype=torch.float32)[:, None] * frequency
    shape = (1, length) + (1,) * (vectors.dim() - 3) + (width // 2,)
    sine, cosine = angle.sin().view(shape), angle.cos().view(shape)
    even, odd = vectors[..., : width // 2], vectors[..., width // 2 :]
    return torch.cat([even * cosine - odd * sine, odd * cosine + even * sine], dim=-1)


class SpanHead(nn.Module):
    """Scores every (type, start, end); the width of a span enters through rotary positions."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.width = config.span_width
        self.ends = nn.Linear(config.hidden, len(ENTITY_TYPES) * 2 * config.span_width)

    def forward(self, hidden: Tensor) -> Tensor:
        """(B, L, H) → (B, types, blocks, BLOCK, REACH): each block of starts against the ends near it."""
        batch, length, _ = hidden.shape
        ends = rotate(self.ends(hidden).float().view(batch, length, len(ENTITY_TYPES), 2, self.width))
        n_blocks = (length + BLOCK - 1) // BLOCK
        n_beyond = MAX_SPAN // BLOCK
        padded = F.pad(ends, (0, 0, 0, 0, 0, 0, 0, (n_blocks + n_beyond) * BLOCK - length))
        blocks = padded.view(batch, n_blocks + n_beyond, BLOCK, len(ENTITY_TYPES), 2, self.width)
        start, end = blocks.permute(4, 0, 3, 1, 2, 5).unbind(0)  # each (B, types, blocks, BLOCK, width)
        near = torch.cat([end[:, :, i : n_blocks + i] for i in range(n_beyond + 1)], dim=3)
        scores: Tensor = start[:, :, :n_blocks] @ near.transpose(-1, -2) / self.width**0.5
        return scores


class RelationHead(nn.Module):
    """Vectors of each token in its four roles; a pair's score is a sum of two inner products."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.width = config.relation_width
        self.roles = nn.Linear(config.hidden, 4 * len(RELATION_TYPES) * config.relation_width)

    def forward(self, hidden: Tensor) -> Tensor:
        """(B, L, H) → (B, L, 4, relations, width)."""
        batch, length, _ = hidden.shape
        roles: Tensor = self.roles(hidden).float().view(batch, length, 4, len(RELATION_TYPES), self.width)
        scaled: Tensor = rotate(roles) / self.width**0.25
        return scaled


class CategoryHead(nn.Module):
    """What each token says of its criterion's categories; silent until `training.refit` fits it."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.inner = nn.Linear(config.hidden, config.category_width)
        self.outer = nn.Linear(config.category_width, 2 * len(CATEGORIES))
        self.dropout = nn.Dropout(2 * config.dropout)
        for parameter in self.outer.parameters():
            nn.init.zeros_(parameter)

    def forward(self, hidden: Tensor) -> Tensor:
        """(…, H) → (…, BOUNDARY_WIDTH), 0 in all columns but those of categories and their evidence."""
        said: Tensor = self.outer(self.dropout(F.gelu(self.inner(hidden))))
        return F.pad(said, (BOUNDARY_WIDTH - said.shape[-1], 0))


class Network(nn.Module):
    """Encoder and heads. `forward` is what is exported to ONNX."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.masked_language = MaskedLanguageHead(config)
        self.boundaries = nn.Linear(config.hidden, BOUNDARY_WIDTH)
        self.categories = CategoryHead(config)
        self.spans = SpanHead(config)
        self.attributes = nn.Linear(config.hidden, len(ATTRIBUTES))
        self.relations = RelationHead(config)
        self.concepts = nn.Linear(config.hidden, config.concept_width)
        self.head_dropout = nn.Dropout(config.dropout)
        for parameter in self.boundaries.parameters():  # no loss of joint training tells it
            nn.init.zeros_(parameter[BOUNDARY_SLICES["evidence"]])

    def forward(self, ids: Tensor, mask: Tensor | None) -> NetworkOutput:
        """`ids` (B, L) int64, `mask` (B, L) bool, true where a token stands; None where nothing is padded."""
        return self.heads(self.encoder(ids, mask))

    def heads(self, hidden: Tensor) -> NetworkOutput:
        """All heads over the encoder's `hidden` (B, L, H)."""
        hidden = self.head_dropout(hidden)
        return NetworkOutput(
            self.boundaries(hidden) + self.categories(hidden),
            self.spans(hidden),
            self.attributes(hidden),
            self.relations(hidden),
            self.concepts(hidden),
        )

    def take_over(self, weights: dict[str, Tensor]) -> None:
        """Load weights by name; a category head, which networks before 0.5 lack, stays as it is without them.

        Raises RuntimeError where others are missing or of another shape.
        """
        own = {name: value for name, value in self.state_dict().items() if name.startswith("categories.")}
        self.load_state_dict(own | weights)
