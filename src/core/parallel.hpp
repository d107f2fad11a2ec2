// SPDX-License-Identifier: Apache-2.0
// A loop over several threads that lets exceptions out. For targets that are compiled with OpenMP.
#pragma once

#include <cstdint>
#include <exception>

#include <omp.h>

namespace slalom::core {

/// Calls body(i) for every i in [0, n), in any order, on `threads` threads (0: all cores this process may use).
/// Rethrows one of the exceptions thrown. What only one thread would do runs on the caller's, so that loops within may
/// be parallel. Starting threads takes microseconds, and more on a busy machine: pass 1 where that is not worth while.
template <class Body>
void parallel_for(std::int64_t n, int threads, Body&& body) {
  if (threads == 0) threads = omp_get_num_procs();
  if (n <= 1 || threads <= 1) {
    for (std::int64_t i = 0; i < n; ++i) body(i);
    return;
  }
  std::exception_ptr failure;
#pragma omp parallel for num_threads(threads) schedule(dynamic)
  for (std::int64_t i = 0; i < n; ++i) {
    try {
      body(i);
    } catch (...) {
#pragma omp critical
      failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace slalom::core
