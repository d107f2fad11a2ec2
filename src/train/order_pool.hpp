// SPDX-License-Identifier: Apache-2.0
// Memory for the orders of whole epochs, which nobody needs once their steps are done.
#pragma once

#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

namespace slalom::training {

/// Lends out memory, what came back last first: a thread that trains one member after another mostly draws an order into
/// what it has just given back, which is in its core's cache. For several threads at once.
class OrderPool {
 public:
  [[nodiscard]] std::vector<std::uint32_t> take() {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) return {};
    std::vector<std::uint32_t> order = std::move(free_.back());
    free_.pop_back();
    return order;
  }

  void give_back(std::vector<std::uint32_t> order) {
    if (order.empty()) return;
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(order));
  }

 private:
  std::mutex mutex_;
  std::vector<std::vector<std::uint32_t>> free_;
};

}  // namespace slalom::training
