"""Work on tiles on threads, each on one of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import torch

__all__ = ["map_on_threads"]

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_on_threads(
    work: Callable[[Item], Result], items: Iterable[Item], n_threads: int, *, n_waiting: int
) -> Iterator[Result]:
    """Do the same with each item, several at once, and give the results in the items' order.

    A convolution that is shared out among threads sums in another order, and the last bits of a result then depend on
    how many cores a machine has. One thread an item gives the same bytes on any number, and wastes less time waiting.

    Parameters
    ----------
    work : callable
        Of one item.
    items : iterable
        Taken as they are needed.
    n_threads : int
        Items in work at once.
    n_waiting : int
        Most results and items in work together that are not yet asked for: what bounds the memory.

    Yields
    ------
    object
        What `work` returns.
    """
    before = torch.get_num_threads()
    waiting: deque[Future[Result]] = deque()
    executor = ThreadPoolExecutor(n_threads, initializer=torch.set_num_threads, initargs=(1,))
    try:
        for item in items:
            waiting.append(executor.submit(work, item))
            if len(waiting) > n_waiting:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        executor.shutdown(cancel_futures=True)
        torch.set_num_threads(before)
