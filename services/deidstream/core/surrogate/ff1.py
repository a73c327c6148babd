"""Format-preserving encryption FF1 (NIST SP 800-38G, algorithms 7 and 8), over whole numbers.

A numeral string of ``n`` numerals in ``radix`` is the number it writes, so no strings are built. The block cipher is
injected: this package has none.
"""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["FF1", "BlockCipher"]

BlockCipher = Callable[[bytes], bytes]
"""AES under one key: 16 bytes to 16 bytes."""


class FF1:
    """The permutations of the numbers below ``radix ** n``, one for each ``n``, under one key and tweak."""

    def __init__(self, block: BlockCipher, radix: int, tweak: bytes = b"") -> None:
        self._block = block
        self._radix = radix
        self._tweak = tweak
        self._shapes: dict[int, _Shape] = {}

    def encrypt(self, number: int, n: int) -> int:
        """The image of ``number``, 0 <= number < radix ** n, n >= 2."""
        shape = self._shape(n)
        u, v = shape.modulus_u, shape.modulus_v
        a, b = divmod(number, v)
        if shape.rounds:  # the same in one expression: an identifier takes forty of these
            block, cut, to_bytes, from_bytes = self._block, shape.cut, int.to_bytes, int.from_bytes
            for even, odd in shape.rounds:
                a = (a + (from_bytes(block(to_bytes(even ^ b, 16))) >> cut)) % u
                b = (b + (from_bytes(block(to_bytes(odd ^ a, 16))) >> cut)) % v
            return a * v + b
        function = shape.function
        for i in range(0, 10, 2):
            a = (a + function(i, b)) % u
            b = (b + function(i + 1, a)) % v
        return a * v + b

    def decrypt(self, number: int, n: int) -> int:
        """The number whose image is ``number``."""
        shape = self._shape(n)
        u, v = shape.modulus_u, shape.modulus_v
        a, b = divmod(number, v)
        if shape.rounds:
            block, cut, to_bytes, from_bytes = self._block, shape.cut, int.to_bytes, int.from_bytes
            for even, odd in shape.rounds[::-1]:
                b = (b - (from_bytes(block(to_bytes(odd ^ a, 16))) >> cut)) % v
                a = (a - (from_bytes(block(to_bytes(even ^ b, 16))) >> cut)) % u
            return a * v + b
        function = shape.function
        for i in range(8, -1, -2):
            b = (b - function(i + 1, a)) % v
            a = (a - function(i, b)) % u
        return a * v + b

    def _shape(self, n: int) -> _Shape:
        shape = self._shapes.get(n)
        if shape is None:
            shape = self._shapes[n] = _Shape(self._block, self._radix, n, self._tweak)
        return shape


class _Shape:
    """What the rounds need and the number does not change (steps 1 to 5): computed once for each length."""

    def __init__(self, block: BlockCipher, radix: int, n: int, tweak: bytes) -> None:
        u, v = n // 2, n - n // 2
        self.modulus_u: int = radix**u
        self.modulus_v: int = radix**v
        self._block = block
        b: int = ((self.modulus_v - 1).bit_length() + 7) // 8
        self._bytes = b
        self._d = 4 * ((b + 3) // 4) + 4
        header = b"\x01\x02\x01" + radix.to_bytes(3, "big") + bytes((10, u % 256))
        header += n.to_bytes(4, "big") + len(tweak).to_bytes(4, "big")
        self._prefix = tweak + bytes((-len(tweak) - b - 1) % 16)
        self._chain = block(header)
        self.rounds = self._single_block() if len(self._prefix) + 1 + b == 16 and self._d <= 16 else ()
        """Where Q is one block: for each two rounds what is combined with a half before encryption; else ()."""
        self.cut = 8 * (16 - self._d)
        """Bits that fall away where only the first ``d`` bytes of a block count."""

    def _single_block(self) -> tuple[tuple[int, int], ...]:
        """The constant part of Q and the chaining value fold into one number. After two rounds the halves are in their places."""
        size = self._bytes
        constant = int.from_bytes(self._chain, "big") ^ (int.from_bytes(self._prefix[:16], "big") << 8 * (size + 1))
        return tuple((constant ^ (i << 8 * size), constant ^ ((i + 1) << 8 * size)) for i in range(0, 10, 2))

    def function(self, i: int, number: int) -> int:
        """Step 6, i to iv: the round function, from the round and a half to a number."""
        data = self._prefix + bytes((i,)) + number.to_bytes(self._bytes, "big")
        block, state = self._block, self._chain
        for at in range(0, len(data), 16):
            mixed = int.from_bytes(state, "big") ^ int.from_bytes(data[at : at + 16], "big")
            state = block(mixed.to_bytes(16, "big"))
        if self._d <= 16:
            return int.from_bytes(state[: self._d], "big")
        return int.from_bytes(self._expanded(state)[: self._d], "big")

    def _expanded(self, state: bytes) -> bytes:
        first = int.from_bytes(state, "big")
        more = (self._block((first ^ j).to_bytes(16, "big")) for j in range(1, (self._d + 15) // 16))
        return state + b"".join(more)
