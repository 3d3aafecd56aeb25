"""Work that two threads share, inside compiled code: a job is claimed by one of them, and then done.

Jobs are entries of an int64 array that begins as zeros. Nobody waits for a job that nobody has begun: so nothing is
lost but help when the operating system gives the second thread no time.
"""

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

_CLAIMED, _DONE = 1, 2


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
def _swap_claimed(_, array, index):
    def codegen(context, builder, signature, arguments):
        address = _address(context, builder, signature, arguments)
        claimed, free = ir.IntType(64)(_CLAIMED), ir.IntType(64)(0)
        result = builder.cmpxchg(address, free, claimed, "acq_rel", "acquire")
        return builder.extract_value(result, 1)

    return types.boolean(array, types.int64), codegen


@njit(nogil=True, no_cpython_wrapper=True)
def claim(jobs, job):
    """Whether this thread is the one to do the job."""
    return _swap_claimed(jobs, job)


@njit(nogil=True, no_cpython_wrapper=True)
def finish(jobs, job):
    """Say that a claimed job is done."""
    write(jobs, job, _DONE)


@njit(nogil=True, no_cpython_wrapper=True)
def await_done(jobs, job):
    """Return when the thread that claimed the job has done it."""
    while read(jobs, job) != _DONE:
        pass


@njit(nogil=True, no_cpython_wrapper=True)
def await_turn(jobs, job, counters, counter, least):
    """Claim the job when the counter has come to `least`; False where the other thread has claimed it before."""
    while read(counters, counter) < least:
        if read(jobs, job):
            return False
    return claim(jobs, job)
