"""Work that two threads share, inside compiled code: a job is claimed by one of them, and then done.

Jobs are entries of an int64 array that begins as zeros. Nobody waits for a job that nobody has begun: so nothing is
lost but help when the operating system gives the second thread no time.
"""

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
def _swap(_, array, index, old, new):
    """array[index] = new if it is `old`, and whether it was."""

    def codegen(context, builder, signature, arguments):
        address = _address(context, builder, signature, arguments)
        result = builder.cmpxchg(address, arguments[2], arguments[3], "acq_rel", "acquire")
        return builder.extract_value(result, 1)

    return types.boolean(array, *[types.int64] * 3), codegen


@njit(nogil=True, no_cpython_wrapper=True)
def claim(jobs, job):
    """Whether this thread is the one to do the job."""
    return _swap(jobs, job, 0, _CLAIMED)


@njit(nogil=True, no_cpython_wrapper=True)
def finish(jobs, job):
    """Say that a claimed job is done."""
    write(jobs, job, _DONE)


@njit(nogil=True, no_cpython_wrapper=True)
def await_done(jobs, job):
    """Return when the thread that claimed the job has done it."""
    while read(jobs, job) != _DONE:
        pass


# A desk is an int64 array of DESK zeros, through which one thread offers the other a job as it comes: one at a time,
# as numbers from _FIELDS on. Its state is twice the job's number, one more from when it is accepted.
DESK = 32
_STATE, _FINISHED, _NUMBER, _FIELDS = 0, 8, 15, 16  # in different cache lines


@njit(nogil=True, no_cpython_wrapper=True)
def offer(desk, job):
    """Lay a job, a tuple of numbers, on the desk."""
    for n in range(len(job)):
        desk[_FIELDS + n] = job[n]
    desk[_NUMBER] += 1
    write(desk, _STATE, 2 * desk[_NUMBER])


@njit(nogil=True, no_cpython_wrapper=True)
def take_back(desk):
    """Whether the job that was offered is still on the desk; if not, it is done when this returns."""
    number = desk[_NUMBER]
    if _swap(desk, _STATE, 2 * number, 2 * number + 1):
        return True
    while read(desk, _FINISHED) != number:
        pass
    return False


@njit(nogil=True, no_cpython_wrapper=True)
def accept(desk):
    """Whether there is a job on the desk, which this thread then does and will `hand_back`."""
    state = read(desk, _STATE)
    return state % 2 == 0 and state > 0 and _swap(desk, _STATE, state, state + 1)


@njit(nogil=True, no_cpython_wrapper=True)
def field(desk, n):
    """A number of the job that was accepted."""
    return desk[_FIELDS + n]


@njit(nogil=True, no_cpython_wrapper=True)
def hand_back(desk):
    """Say that the job that was accepted is done."""
    write(desk, _FINISHED, read(desk, _STATE) // 2)
