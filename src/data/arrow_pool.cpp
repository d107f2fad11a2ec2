// SPDX-License-Identifier: Apache-2.0
// Turns the status into an exception.
#include "data/arrow_pool.hpp"

#include <arrow/status.h>

#include <new>

namespace slalom {
namespace {

class ThrowingPool : public arrow::ProxyMemoryPool {
 public:
  using arrow::ProxyMemoryPool::ProxyMemoryPool;

  arrow::Status Allocate(int64_t size, int64_t alignment, uint8_t** out) override {
    return checked(arrow::ProxyMemoryPool::Allocate(size, alignment, out));
  }
  arrow::Status Reallocate(int64_t old_size, int64_t new_size, int64_t alignment, uint8_t** memory) override {
    return checked(arrow::ProxyMemoryPool::Reallocate(old_size, new_size, alignment, memory));
  }

 private:
  static arrow::Status checked(arrow::Status status) {
    if (status.IsOutOfMemory()) throw std::bad_alloc();
    return status;
  }
};

}  // namespace

arrow::MemoryPool* throwing_pool() {
  static ThrowingPool pool(arrow::system_memory_pool());
  return &pool;
}

}  // namespace slalom
