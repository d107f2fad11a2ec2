// SPDX-License-Identifier: Apache-2.0
// Memory that was missing, and what was done instead.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <slalom/error.hpp>

namespace slalom::cuda {

/// There is not as much memory as was asked for.
class OutOfMemory : public DeviceError {
 public:
  explicit OutOfMemory(const std::string& message) : DeviceError(message, ExitCode::kDevice) {}
};

/// What was done otherwise for want of memory, for people: a line each, said once.
class Shortages {
 public:
  /// "out of device memory: asked for ...; rows are streamed from the host". A later shortage with the same `instead`
  /// adds nothing.
  void add(const OutOfMemory& shortage, std::string_view instead) {
    if (std::find(known_.begin(), known_.end(), instead) != known_.end()) return;
    known_.emplace_back(instead);
    lines_.push_back(std::string(shortage.what()).append("; ").append(instead));
  }
  /// The lines since the last call.
  [[nodiscard]] std::vector<std::string> take() { return std::exchange(lines_, {}); }

 private:
  std::vector<std::string> known_, lines_;
};

}  // namespace slalom::cuda
