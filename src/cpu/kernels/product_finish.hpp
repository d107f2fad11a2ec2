// SPDX-License-Identifier: Apache-2.0
// What happens to the sums of a matrix product when they are stored.
#pragma once

#include <cstdint>
#include <utility>

#include "cpu/kernels/vectors.hpp"
#include "cpu/product_kernels.hpp"

namespace slalom::cpu {
namespace {

/// A register; a panel of B is two wide.
#if SLALOM_VECTOR_WIDTH == 16 || defined(__AVX2__)
using Register = Floats;
#else
using Register = Floats4;
#endif
constexpr std::int64_t kRegister = sizeof(Register) / sizeof(float);
constexpr std::int64_t kPanel = 2 * kRegister;

/// Where a tile's results go.
struct Place {
  float* c;
  std::int64_t c_row;
  const float* operand;
};

template <int kRows, int kVectors>
struct Sums {
  Register at[kRows][kVectors];
};

template <class Body, std::size_t... kIndices>
[[gnu::always_inline]] inline void unroll(std::index_sequence<kIndices...>, Body&& body) {
  (body(kIndices), ...);
}

/// Calls body(row, vector) for every vector of a tile, without a loop.
template <int kRows, int kVectors, class Body>
[[gnu::always_inline]] inline void for_each_vector(Body&& body) {
  unroll(
      std::make_index_sequence<std::size_t{kRows} * kVectors>(), [&](std::size_t i) __attribute__((always_inline)) {
        body(i / kVectors, i % kVectors);
      });
}

/// Returns NaN in some lane if a sum that is only stored is not finite; otherwise zeros.
template <int kRows, int kVectors>
[[gnu::always_inline]] inline Register finish_tile(const Product& p, const Place& to, Sums<kRows, kVectors>& sums) {
  const auto each = [&](auto&& value) __attribute__((always_inline)) {
    for_each_vector<kRows, kVectors>([&](std::size_t r, std::size_t v) __attribute__((always_inline)) {
      const auto i = static_cast<std::int64_t>(r);
      const std::int64_t j = static_cast<std::int64_t>(v) * kRegister;
      store(to.c + i * to.c_row + j, value(sums.at[r][v], to.operand + i * p.operand_row + j));
    });
  };
  switch (p.finish) {
    case Finish::kStore: {
      Register difference{};  // of what is finite: zero
      for_each_vector<kRows, kVectors>([&](std::size_t r, std::size_t v) __attribute__((always_inline)) {
        store(to.c + static_cast<std::int64_t>(r) * to.c_row + static_cast<std::int64_t>(v) * kRegister, sums.at[r][v]);
        difference += sums.at[r][v] - sums.at[r][v];
      });
      return difference;
    }
    case Finish::kAddBias:
      each([](Register sum, const float* bias) __attribute__((always_inline)) { return sum + load<Register>(bias); });
      return Register{};
    case Finish::kAddBiasAndRelu:
      each([](Register sum, const float* bias) __attribute__((always_inline)) {
        const Register z = sum + load<Register>(bias);
        return z <= 0.0F ? Register{} : z;
      });
      return Register{};
    case Finish::kScale:
      each([](Register sum, const float* factor)
               __attribute__((always_inline)) { return sum * load<Register>(factor); });
      return Register{};
    case Finish::kGate:
      each([](Register sum, const float* h) __attribute__((always_inline)) {
        return sum * (load<Register>(h) > 0.0F ? 1.0F - Register{} : Register{});
      });
      return Register{};
  }
  return Register{};
}

/// The columns of panel `panel` that are to be written: half a panel if no more are used.
[[gnu::always_inline]] inline std::int64_t columns_of(const Product& p, std::int64_t panel) {
  const std::int64_t column = panel * kPanel;
  const std::int64_t used = p.n - column < kPanel ? p.n - column : kPanel;
  const std::int64_t room = p.c_width - column < kPanel ? p.c_width - column : kPanel;
  return used <= kRegister && room >= kRegister ? kRegister : room;
}

/// Whether no lane of what finish_tile() returned is NaN.
[[gnu::always_inline]] inline bool all_zero(Register bad) {
  float lanes[kRegister];
  store(lanes, bad);
  Floats4 sum{};
  for (std::int64_t lane = 0; lane < kRegister; lane += 4) sum += load<Floats4>(lanes + lane);
  return sum_of(sum) == 0.0F;
}

}  // namespace
}  // namespace slalom::cpu
