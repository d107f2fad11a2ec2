// SPDX-License-Identifier: Apache-2.0
// Makes the two backends that run on the host.
#pragma once

#include <memory>
#include <span>

#include <slalom/backend.hpp>

namespace slalom::cpu {

/// float64, plain loops, one thread: the yardstick of tests and benchmarks.
std::unique_ptr<Backend> make_reference_backend(const ModelSpec& spec, const Dataset& train,
                                                std::span<const MemberConfig> members);

/// float32 on `threads` threads (0: all cores this process may use).
std::unique_ptr<Backend> make_cpu_backend(const ModelSpec& spec, const Dataset& train,
                                          std::span<const MemberConfig> members, int threads);

}  // namespace slalom::cpu
