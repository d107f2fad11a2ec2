// SPDX-License-Identifier: Apache-2.0
// Matrix products of every instruction set against float64 sums, over odd shapes, strides and every finish.
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include <slalom/dataset.hpp>

#include "core/philox.hpp"
#include "core/rounding.hpp"
#include "cpu/instruction_set.hpp"

namespace slalom::testing {
namespace {

using cpu::Finish;
using cpu::Product;
using cpu::ProductKernels;

AlignedFloats random_floats(std::int64_t n, std::uint32_t stream) {
  core::PhiloxStream random(11, stream, core::RandomUse::kSynthetic, 1);
  AlignedFloats values(static_cast<std::size_t>(n));
  for (float& value : values) value = static_cast<float>(2.0 * random.uniform() - 1.0);
  return values;
}

struct NamedProducts {
  std::string name;
  const ProductKernels* kernels;
};

std::vector<NamedProducts> all_products() {
  std::vector<NamedProducts> all;
  for (const cpu::InstructionSet& set : cpu::instruction_sets()) {
    if (set.large_products != nullptr) all.push_back({std::string(set.name) + " large", set.large_products});
    if (set.large_products == nullptr) all.push_back({std::string(set.name), set.products});
  }
  return all;
}

float at(const AlignedFloats& values, std::int64_t i) { return values[static_cast<std::size_t>(i)]; }

/// A [m, k], given transposed if `a_transposed`, times B [k, n], packed from its transpose if `b_transposed`, or read as
/// it lies.
struct Case {
  std::int64_t m = 1, n = 1, k = 1;
  bool a_transposed = false, b_transposed = false;
  bool padded = false;  ///< C has room for whole panels
  bool b_as_it_lies = false;
  Finish finish = Finish::kStore;
};

class ProductRun {
 public:
  ProductRun(const Case& c, const ProductKernels& kernels)
      : case_(c),
        panel_(kernels.panel),
        panels_((c.n + panel_ - 1) / panel_),
        a_row_(c.a_transposed ? c.m + 3 : c.k + 3),
        a_(random_floats(a_row_ * (c.a_transposed ? c.k : c.m), 1)),
        b_row_(c.b_transposed ? c.k + 5 : c.n + 5),
        b_(random_floats(b_row_ * (c.b_transposed ? c.n : c.k) + panel_, 2)),
        c_row_((c.padded ? panels_ * panel_ : c.n) + 7),
        c_(static_cast<std::size_t>(c_row_ * c.m), kUntouched),
        operand_(random_floats(c_row_ * c.m + panel_, 3)) {
    AlignedFloats packed(static_cast<std::size_t>(kernels.panels_floats(c.k, c.n)), kUntouched);
    for (std::int64_t p = 0; p < panels_; ++p) {
      const std::int64_t columns = std::min(panel_, c.n - p * panel_);
      float* panel = packed.data() + p * kernels.panel_floats(c.k);
      if (c.b_transposed) {
        kernels.pack_transposed(b_.data() + p * panel_ * b_row_, b_row_, c.k, columns, panel);
      } else {
        kernels.pack(b_.data() + p * panel_, b_row_, c.k, columns, panel);
      }
    }
    Product product{.m = c.m,
                    .n = c.n,
                    .k = c.k,
                    .a = a_.data(),
                    .a_row = c.a_transposed ? 1 : a_row_,
                    .a_step = c.a_transposed ? a_row_ : 1,
                    .panels = c.b_as_it_lies ? b_.data() : packed.data(),
                    .b_row = c.b_as_it_lies ? b_row_ : 0,
                    .c = c_.data(),
                    .c_row = c_row_,
                    .c_width = c.padded ? panels_ * panel_ : c.n,
                    .finish = c.finish,
                    .operand = operand_.data(),
                    .operand_row = bias() ? 0 : c_row_};
    const auto pack_left = c.a_transposed ? kernels.pack_left_transposed : kernels.pack_left;
    AlignedFloats tiles(static_cast<std::size_t>(kernels.tiles_floats(c.m, c.k)), kUntouched);
    if (kernels.pack_left != nullptr || (c.a_transposed && c.m % 2 == 0)) {
      pack_left(a_.data(), a_row_, c.k, c.m, tiles.data());
      product.a = tiles.data();
      product.a_in_tiles = true;
    }
    const std::int64_t middle = panels_ / 2;  // in two calls, as threads share panels
    finite_ = kernels.multiply(product, 0, middle);
    finite_ = kernels.multiply(product, middle, panels_) && finite_;
  }

  void check() const {
    EXPECT_TRUE(finite_);
    for (std::int64_t i = 0; i < case_.m; ++i) {
      for (std::int64_t j = 0; j < c_row_; ++j) {
        const float found = at(c_, i * c_row_ + j);
        if (j >= case_.n) {
          if (!case_.padded || j >= panels_ * panel_) {
            ASSERT_EQ(found, kUntouched) << "row " << i << " column " << j;
          }
          continue;
        }
        double sum = 0.0;
        double size = 1.0;
        for (std::int64_t p = 0; p < case_.k; ++p) {
          const double term = static_cast<double>(at(a_, case_.a_transposed ? p * a_row_ + i : i * a_row_ + p)) *
                              static_cast<double>(at(b_, case_.b_transposed ? j * b_row_ + p : p * b_row_ + j));
          sum += term;
          size += std::fabs(term);
        }
        ASSERT_NEAR(static_cast<double>(found), finished(sum, i, j), 1e-6 * size) << "row " << i << " column " << j;
      }
    }
  }

  [[nodiscard]] const AlignedFloats& result() const { return c_; }

 private:
  static constexpr float kUntouched = -77.0F;

  [[nodiscard]] bool bias() const {
    return case_.finish == Finish::kAddBias || case_.finish == Finish::kAddBiasAndRelu;
  }
  [[nodiscard]] double finished(double sum, std::int64_t i, std::int64_t j) const {
    const auto operand = static_cast<double>(at(operand_, bias() ? j : i * c_row_ + j));
    switch (case_.finish) {
      case Finish::kStore: return sum;
      case Finish::kAddBias: return sum + operand;
      case Finish::kAddBiasAndRelu: return std::max(0.0, sum + operand);
      case Finish::kScale: return sum * operand;
      case Finish::kGate: return operand > 0.0 ? sum : 0.0;
    }
    return sum;
  }

  Case case_;
  std::int64_t panel_, panels_, a_row_;
  AlignedFloats a_;
  std::int64_t b_row_;
  AlignedFloats b_;
  std::int64_t c_row_;
  AlignedFloats c_;
  AlignedFloats operand_;
  bool finite_ = true;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const std::int64_t m : {1, 2, 5, 8, 13, 30, 49, 300}) {
    for (const std::int64_t n : {1, 3, 8, 15, 16, 17, 31, 33, 70}) {
      for (const std::int64_t k : {1, 2, 9, 33, 64, 300}) {
        const bool odd = (m + n + k) % 2 == 1;
        all.push_back({.m = m, .n = n, .k = k, .a_transposed = odd, .b_transposed = n % 2 == 1});
        all.push_back({.m = m, .n = n, .k = k, .a_transposed = !odd, .b_transposed = k % 2 == 1, .padded = true});
      }
    }
  }
  for (const std::int64_t k : {1024, 1025, 2100}) {  // pieces of depth
    all.push_back({.m = 300, .n = 33, .k = k, .a_transposed = k % 2 == 1});
    all.push_back({.m = 300, .n = 33, .k = k, .b_transposed = true});
  }
  return all;
}

std::string describe(const Case& c, std::string_view set) {
  return std::string(set) + " m " + std::to_string(c.m) + " n " + std::to_string(c.n) + " k " + std::to_string(c.k) +
         (c.a_transposed ? " A transposed" : "") + (c.b_transposed ? " B transposed" : "") +
         (c.b_as_it_lies ? " B as it lies" : "") + (c.padded ? " padded" : "") + " finish " +
         std::to_string(static_cast<int>(c.finish));
}

TEST(Product, EqualsFloat64SumsOverOddShapes) {
  for (const auto& [name, kernels] : all_products()) {
    for (const Case& c : cases()) {
      SCOPED_TRACE(describe(c, name));
      ASSERT_NO_FATAL_FAILURE(ProductRun(c, *kernels).check());
    }
  }
}

TEST(Product, ReadsBAsItLiesWithTheSameBits) {
  for (const cpu::InstructionSet& set : cpu::instruction_sets()) {
    ASSERT_TRUE(set.products->reads_right) << set.name;
    for (Case c : cases()) {
      if (c.b_transposed || c.padded) continue;
      const AlignedFloats packed = ProductRun(c, *set.products).result();
      c.b_as_it_lies = true;
      ASSERT_EQ(ProductRun(c, *set.products).result(), packed) << describe(c, set.name);
    }
  }
}

/// Whatever their size: 2^-22 for what is left out of split numbers, and some roundings.
TEST(Product, OfTwoNumbersIsThatOfFloat32) {
  constexpr std::int64_t kSize = 200;
  AlignedFloats a = random_floats(kSize, 5);
  AlignedFloats b = random_floats(kSize, 6);
  for (std::int64_t i = 0; i < kSize; ++i) {
    a[static_cast<std::size_t>(i)] = std::ldexp(at(a, i), static_cast<int>(i % 60) - 30);
    b[static_cast<std::size_t>(i)] = std::ldexp(at(b, i), static_cast<int>(i % 50) - 25);
  }
  for (const auto& [name, kernels] : all_products()) {
    AlignedFloats panels(static_cast<std::size_t>(kernels->panels_floats(1, kSize)));
    AlignedFloats tiles(static_cast<std::size_t>(kernels->tiles_floats(kSize, 1)));
    AlignedFloats c(kSize * kSize);
    for (std::int64_t p = 0; p * kernels->panel < kSize; ++p) {
      kernels->pack(b.data() + p * kernels->panel, kSize, 1, std::min(kernels->panel, kSize - p * kernels->panel),
                    panels.data() + p * kernels->panel_floats(1));
    }
    kernels->pack_left_transposed(a.data(), kSize, 1, kSize, tiles.data());
    const Product product{.m = kSize,
                          .n = kSize,
                          .k = 1,
                          .a = tiles.data(),
                          .a_in_tiles = true,
                          .panels = panels.data(),
                          .c = c.data(),
                          .c_row = kSize,
                          .c_width = kSize};
    EXPECT_TRUE(kernels->multiply(product, 0, core::ceil_div(kSize, kernels->panel)));
    for (std::int64_t i = 0; i < kSize; ++i) {
      for (std::int64_t j = 0; j < kSize; ++j) {
        const double exact = static_cast<double>(at(a, i)) * static_cast<double>(at(b, j));
        ASSERT_NEAR(static_cast<double>(at(c, i * kSize + j)), exact, 6e-7 * std::fabs(exact))
            << name << " " << at(a, i) << " times " << at(b, j);
      }
    }
  }
}

/// Fewer rows can make larger blocks.
TEST(Product, BlocksOfFewerRowsFitTheRoomOfMore) {
  for (const auto& [name, kernels] : all_products()) {
    for (const std::int64_t most : {1, 31, 64, 200, 512, 1100}) {
      for (const std::int64_t k : {1, 128, 480, 512, 784, 1024, 6000}) {
        const std::int64_t room = kernels->most_block_floats(most, k);
        for (std::int64_t m = 1; m <= most; ++m) {
          ASSERT_LE(kernels->tiles_floats(kernels->block_rows(m, k), k), room) << name << " " << m << " of " << most;
          ASSERT_LE(kernels->most_block_floats(m, k), room) << name;
        }
        ASSERT_LE(kernels->most_block_floats(most, std::max<std::int64_t>(1, k - 30)), room) << name << " " << k;
      }
    }
  }
}

TEST(Product, PacksScatteredRowsAsItDoesEvenOnes) {
  const auto bits_of = [](const AlignedFloats& values) {
    std::vector<std::uint32_t> bits;
    for (const float value : values) bits.push_back(std::bit_cast<std::uint32_t>(value));
    return bits;
  };
  bool tested = false;
  for (const NamedProducts& named : all_products()) {
    SCOPED_TRACE(named.name);
    const ProductKernels& kernels = *named.kernels;
    ASSERT_EQ(kernels.pack_rows == nullptr, kernels.pack_left_rows == nullptr);
    if (kernels.pack_rows == nullptr) continue;
    tested = true;
    constexpr float kUntouched = -77.0F;
    for (const auto& [n, columns] : {std::pair<std::int64_t, std::int64_t>{1, 1}, {33, 47}, {64, 32}, {70, 100}}) {
      SCOPED_TRACE(std::to_string(n) + " rows of " + std::to_string(columns));
      const AlignedFloats even = random_floats(n * columns, 4);
      std::vector<std::vector<float>> scattered;  // each row by itself
      std::vector<const float*> rows;
      for (std::int64_t i = 0; i < n; ++i) {
        scattered.emplace_back(even.begin() + i * columns, even.begin() + (i + 1) * columns);
        rows.push_back(scattered.back().data());
      }
      AlignedFloats expected(static_cast<std::size_t>(kernels.tiles_floats(n, columns)), kUntouched);
      AlignedFloats found = expected;
      kernels.pack_left(even.data(), columns, columns, n, expected.data());
      kernels.pack_left_rows(rows.data(), columns, n, found.data());
      EXPECT_EQ(bits_of(found), bits_of(expected));
      for (std::int64_t column = 0; column < columns; column += kernels.panel) {
        const std::int64_t width = std::min(kernels.panel, columns - column);
        AlignedFloats panel(static_cast<std::size_t>(kernels.panel_floats(n)), kUntouched);
        AlignedFloats same = panel;
        kernels.pack(even.data() + column, columns, n, width, panel.data());
        kernels.pack_rows(rows.data(), column, n, width, same.data());
        EXPECT_EQ(bits_of(same), bits_of(panel)) << "from column " << column;
      }
    }
  }
  if (!tested) GTEST_SKIP() << "no products here take scattered rows";
}

TEST(Product, FinishesWithBiasReluAndSlopes) {
  for (const auto& [name, kernels] : all_products()) {
    for (const Finish finish : {Finish::kAddBias, Finish::kAddBiasAndRelu, Finish::kScale, Finish::kGate}) {
      for (const std::int64_t n : {1, 8, 20, 32, 45}) {
        const Case c{.m = 11, .n = n, .k = 200, .padded = n % 2 == 0, .finish = finish};
        SCOPED_TRACE(describe(c, name));
        ASSERT_NO_FATAL_FAILURE(ProductRun(c, *kernels).check());
      }
    }
  }
}

TEST(Product, HasTheSameBitsWithEveryFusedInstructionSet) {
  const std::vector<cpu::InstructionSet> sets = cpu::instruction_sets();
  for (const Case& c : cases()) {
    if (c.padded) continue;  // by panels, which differ
    const AlignedFloats widest = ProductRun(c, *sets.front().products).result();
    for (const cpu::InstructionSet& set : sets) {
      if (set.products == &cpu::kProductBaseline) continue;
      ASSERT_EQ(ProductRun(c, *set.products).result(), widest) << describe(c, set.name);
    }
  }
}

TEST(Product, ReportsSumsThatAreNotFinite) {
  constexpr std::int64_t kSize = 37;
  const float faint_nan = std::bit_cast<float>(0x7f800001U);  // whose upper half is that of infinity
  for (const auto& [name, products] : all_products()) {
    const ProductKernels& kernels = *products;
    for (const float bad :
         {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN(), faint_nan, 3e38F}) {
      for (const std::int64_t row : {0, 7, 36}) {
        AlignedFloats a(kSize * 2, 2.0F);
        a[static_cast<std::size_t>(row * 2)] = bad;
        AlignedFloats b(kSize * 2, 2.0F);
        AlignedFloats packed(static_cast<std::size_t>(kernels.panels_floats(2, kSize)));
        const std::int64_t panels = (kSize + kernels.panel - 1) / kernels.panel;
        const auto pack_b = [&] {
          for (std::int64_t p = 0; p < panels; ++p) {
            kernels.pack(b.data() + p * kernels.panel, kSize, 2, std::min(kernels.panel, kSize - p * kernels.panel),
                         packed.data() + p * kernels.panel_floats(2));
          }
        };
        pack_b();
        AlignedFloats c(kSize * kSize);
        Product product{.m = kSize,
                        .n = kSize,
                        .k = 2,
                        .a = a.data(),
                        .a_row = 2,
                        .panels = packed.data(),
                        .c = c.data(),
                        .c_row = kSize,
                        .c_width = kSize};
        AlignedFloats tiles(static_cast<std::size_t>(kernels.tiles_floats(kSize, 2)));
        const auto take_a = [&] {
          if (kernels.pack_left == nullptr) return;
          kernels.pack_left(a.data(), 2, 2, kSize, tiles.data());
          product.a = tiles.data();
        };
        take_a();
        EXPECT_FALSE(kernels.multiply(product, panels - 1, panels)) << name << " " << bad << " row " << row;
        a[static_cast<std::size_t>(row * 2)] = 1.0F;
        take_a();
        EXPECT_TRUE(kernels.multiply(product, 0, panels)) << name;
        for (std::int64_t column = 0; column < kSize; ++column) {  // every lane
          b[static_cast<std::size_t>(column)] = bad;
          pack_b();
          const std::int64_t panel = column / kernels.panel;
          EXPECT_FALSE(kernels.multiply(product, panel, panel + 1)) << name << " " << bad << " in column " << column;
          b[static_cast<std::size_t>(column)] = 2.0F;
        }
      }
    }
  }
}

}  // namespace
}  // namespace slalom::testing
