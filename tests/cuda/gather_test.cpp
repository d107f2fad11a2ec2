// SPDX-License-Identifier: Apache-2.0
// Gathered rows are copies of the rows that were asked for.
#include "gather.cuh"

#include <numeric>

#include <slalom/dataset.hpp>

#include "cuda/device_test.hpp"

namespace slalom::testing {
namespace {

class GatherTest : public DeviceTest {};

TEST_F(GatherTest, CopiesRowsOfEveryWidth) {
  const cuda::Stream stream = cuda::make_stream();
  for (const std::int64_t d : {1, 2, 3, 5, 8, 31, 33, 257}) {
    for (const std::int64_t n : {0, 1, 31, 100}) {
      SCOPED_TRACE("d " + std::to_string(d) + " n " + std::to_string(n));
      constexpr std::int64_t kStored = 37;
      const std::int64_t stride = row_stride(d);
      std::vector<float> x(static_cast<std::size_t>(kStored * stride));
      std::iota(x.begin(), x.end(), 1.0F);
      std::vector<std::uint32_t> rows;
      for (std::int64_t i = 0; i < n; ++i) rows.push_back(static_cast<std::uint32_t>(i * 7919 % kStored));
      const DeviceArray<float> device_x(x);
      const DeviceArray<std::uint32_t> device_rows(rows);
      const DeviceArray<float> out(std::vector<float>(static_cast<std::size_t>(n * stride), -1.0F));
      cuda::launch_gather({.x = {.data = device_x.get(), .n_features = d, .stride = stride},
                           .rows = device_rows.get(),
                           .n_rows = n,
                           .out = out.get()},
                          stream.get());
      const std::vector<float> actual = out.to_host();
      for (std::int64_t i = 0; i < n * stride; ++i) {
        const std::int64_t from = static_cast<std::int64_t>(rows[static_cast<std::size_t>(i / stride)]) * stride;
        ASSERT_EQ(actual[static_cast<std::size_t>(i)], x[static_cast<std::size_t>(from + i % stride)]) << "value " << i;
      }
    }
  }
}

}  // namespace
}  // namespace slalom::testing
