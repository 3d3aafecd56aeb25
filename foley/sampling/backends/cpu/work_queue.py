"""Work that two threads share, inside compiled code. Everything is in int64 arrays that begin as zeros.

Two kinds of sharing:

- *Claims*: jobs that are known beforehand, one entry of an array each. Whoever acquires a job first does it.
- *A slot*: one thread publishes a job as it comes and goes on with other work. The other thread may steal it and
  releases it when it is done; if nobody stole it, the first thread reclaims it and does it itself.

Nobody waits for a job that nobody has begun: so nothing is lost but help when the operating system gives the second
thread no time.
"""

from typing import NamedTuple

import numpy as np
from numba import types
from numba.misc.special import literally

from foley.sampling.backends.cpu.compiled import inner, intrinsic, to_fixed_tuple

SLOT_SIZE = 32
_STATE, _FINISHED, _NUMBER, _KIND, _JOB = 0, 8, 15, 16, 17  # what both threads write lies in different cache lines
_ACQUIRED, _DONE = 1, 2


class WorkQueue(NamedTuple):
    """What a thread that samples shares with the one that helps it."""

    claims: np.ndarray  # (width x blocks,): the causal convolutions of this row, by column and block
    columns_done: np.ndarray  # (blocks,): so many columns of this row have gone through the causal part of the block
    slot: np.ndarray  # (SLOT_SIZE,), or (0,) where no thread helps

    @classmethod
    def of(cls, width: int, blocks: int, helped: bool) -> "WorkQueue":
        """An empty one."""
        sizes = width * blocks, blocks, SLOT_SIZE if helped else 0
        return cls(*(np.zeros(size, np.int64) for size in sizes))

    def begin_row(self) -> None:
        """Nothing of the next row is acquired or done."""
        self.claims[:] = 0
        self.columns_done[:] = 0


def _address(context, builder, signature, arguments):
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    return builder.gep(array.data, [arguments[1]])


@intrinsic
def read(_, array, index):
    """array[index], with all that its writer wrote before it."""

    def codegen(context, builder, signature, arguments):
        return builder.load_atomic(_address(context, builder, signature, arguments), "acquire", 8)

    return types.int64(array, types.int64), codegen


@intrinsic
def write(_, array, index, value):
    """array[index] = value, after all that was written before."""

    def codegen(context, builder, signature, arguments):
        address = _address(context, builder, signature, arguments)
        builder.store_atomic(arguments[2], address, "release", 8)
        return context.get_dummy_value()

    return types.void(array, types.int64, types.int64), codegen


@intrinsic
def _swap(_, array, index, old, new):
    """array[index] = new if it is `old`, and whether it was."""

    def codegen(context, builder, signature, arguments):
        address = _address(context, builder, signature, arguments)
        result = builder.cmpxchg(address, arguments[2], arguments[3], "acq_rel", "acquire")
        return builder.extract_value(result, 1)

    return types.boolean(array, *[types.int64] * 3), codegen


@inner()
def acquire(claims, job):
    """Whether this thread is the one to do the job."""
    return _swap(claims, job, 0, _ACQUIRED)


@inner()
def finish(claims, job):
    """Say that an acquired job is done."""
    write(claims, job, _DONE)


@inner()
def await_done(claims, job):
    """Return when the thread that acquired the job has done it."""
    while read(claims, job) != _DONE:
        pass


@inner()
def publish(slot, kind, job):
    """Put a job, a tuple of whole numbers, into the slot; the kind says what sort of tuple it is.

    The slot's state is twice the job's number, and one more from when the job is stolen or reclaimed.
    """
    slot[_KIND] = kind
    for n in range(len(job)):
        slot[_JOB + n] = job[n]
    slot[_NUMBER] += 1
    write(slot, _STATE, 2 * slot[_NUMBER])


@inner()
def reclaim(slot):
    """Whether the published job is still in the slot; if not, the other thread has done it when this returns."""
    number = slot[_NUMBER]
    if _swap(slot, _STATE, 2 * number, 2 * number + 1):
        return True
    while read(slot, _FINISHED) != number:
        pass
    return False


@inner()
def steal(slot):
    """Whether there was a job in the slot, which this thread then does and has to `release`."""
    state = read(slot, _STATE)
    return state % 2 == 0 and state > 0 and _swap(slot, _STATE, state, state + 1)


@inner()
def kind_of(slot):
    """The kind of the job that was stolen."""
    return slot[_KIND]


@inner()
def numbers_of(slot, count):
    """The numbers of the job that was stolen, as a tuple; how many is a constant."""
    return to_fixed_tuple(slot[_JOB:], literally(count))


@inner()
def release(slot):
    """Say that the job that was stolen is done."""
    write(slot, _FINISHED, read(slot, _STATE) // 2)
