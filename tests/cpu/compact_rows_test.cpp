// SPDX-License-Identifier: Apache-2.0
// Rows in bits: which columns are packed, that nothing is lost, and which tables are left alone.
#include "cpu/compact_rows.hpp"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include <gtest/gtest.h>

#include "core/philox.hpp"

namespace slalom::testing {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

struct Matrix {
  std::int64_t n_rows;
  std::int64_t n_features;
  AlignedFloats values;

  /// Column j has `values_of(j)` different values, spread at random.
  template <class ValuesOf>
  static Matrix random(std::int64_t n_rows, std::int64_t n_features, ValuesOf values_of) {
    core::PhiloxStream stream(11, 0, core::RandomUse::kSynthetic, 1);
    Matrix m{.n_rows = n_rows, .n_features = n_features, .values = {}};
    m.values.assign(static_cast<std::size_t>(n_rows * row_stride(n_features)), 0.0F);
    for (std::int64_t i = 0; i < n_rows; ++i) {
      for (std::int64_t j = 0; j < n_features; ++j) {
        m.at(i, j) = 0.5F + static_cast<float>(stream.below(static_cast<std::uint32_t>(values_of(j))));
      }
    }
    return m;
  }
  float& at(std::int64_t i, std::int64_t j) { return values[static_cast<std::size_t>(i * row_stride(n_features) + j)]; }
  [[nodiscard]] FeatureView view() const { return {values.data(), n_rows, n_features, row_stride(n_features)}; }
};

/// Element (i, j) as the records have it.
float unpacked(const cpu::CompactRows& rows, std::int64_t i, std::int64_t j) {
  const float* record = rows.records.data() + i * rows.record;
  const std::int64_t place = rows.place[static_cast<std::size_t>(j / 16)];
  if (place >= 0) return record[place + j % 16];
  std::uint16_t word = 0;
  std::memcpy(&word, reinterpret_cast<const char*>(record) + 2 * ~place, sizeof word);
  return ((word >> (j % 16)) & 1) != 0 ? rows.high[static_cast<std::size_t>(j)] : rows.low[static_cast<std::size_t>(j)];
}

void expect_lossless(const Matrix& m) {
  const auto rows = cpu::compact_rows(m.view());
  ASSERT_TRUE(rows.has_value());
  EXPECT_LE(2 * rows->record, row_stride(m.n_features));
  for (std::int64_t i = 0; i < m.n_rows; ++i) {
    for (std::int64_t j = 0; j < m.n_features; ++j) {
      ASSERT_EQ(std::bit_cast<std::uint32_t>(unpacked(*rows, i, j)), std::bit_cast<std::uint32_t>(m.view().row(i)[j]))
          << "row " << i << " column " << j;
    }
  }
}

std::int64_t two(std::int64_t) { return 2; }

TEST(CompactRows, LoseNothing) {
  for (const std::int64_t d : {9, 16, 17, 24, 31, 32, 40, 123, 500}) {
    for (const std::int64_t n : {1, 2, 57}) {
      SCOPED_TRACE(std::to_string(n) + " x " + std::to_string(d));
      expect_lossless(Matrix::random(n, d, two));
    }
  }
}

TEST(CompactRows, KeepColumnsWithMoreValuesAsFloats) {
  for (const std::int64_t third : {0, 15, 16, 100, 122}) {
    const Matrix m = Matrix::random(60, 123, [&](std::int64_t j) { return j == third ? 50 : 2; });
    expect_lossless(m);
    const auto rows = cpu::compact_rows(m.view());
    for (std::int64_t g = 0; g < 8; ++g) {
      EXPECT_EQ(rows->place[static_cast<std::size_t>(g)] >= 0, g == third / 16) << g;
    }
  }
}

TEST(CompactRows, TakeTheBytesThatTheyShould) {
  EXPECT_EQ(cpu::compact_rows(Matrix::random(9, 123, two).view())->record, 4);   // 8 words
  EXPECT_EQ(cpu::compact_rows(Matrix::random(9, 250, two).view())->record, 8);   // 16 words
  EXPECT_EQ(cpu::compact_rows(Matrix::random(9, 600, two).view())->record, 32);  // 38 words
  const auto some = [](std::int64_t j) { return j < 20 ? 9 : 2; };
  EXPECT_EQ(cpu::compact_rows(Matrix::random(99, 250, some).view())->record, 48);  // 32 floats, 14 words
}

TEST(CompactRows, FindAThirdValueInTheLastRow) {
  Matrix m = Matrix::random(500, 32, two);
  ASSERT_TRUE(cpu::compact_rows(m.view()).has_value());
  m.at(499, 3) = 7.0F;
  EXPECT_FALSE(cpu::compact_rows(m.view()).has_value()) << "16 floats and a word are more than half of 32 floats";
}

TEST(CompactRows, TellZerosAndNansApartByTheirBits) {
  Matrix m = Matrix::random(10, 64, two);
  for (std::int64_t i = 0; i < 10; ++i) {
    m.at(i, 0) = i % 2 == 0 ? 0.0F : -0.0F;
    m.at(i, 1) = i % 2 == 0 ? kNan : 1.0F;
  }
  expect_lossless(m);
  m.at(9, 0) = 1.0F;  // the third
  expect_lossless(m);
  EXPECT_GE(cpu::compact_rows(m.view())->place[0], 0);
}

TEST(CompactRows, LeaveOtherTablesAlone) {
  EXPECT_FALSE(cpu::compact_rows(Matrix::random(0, 64, two).view()).has_value());
  EXPECT_FALSE(cpu::compact_rows(Matrix::random(50, 8, two).view()).has_value());
  EXPECT_FALSE(cpu::compact_rows(Matrix::random(50, 64, [](std::int64_t) { return 3; }).view()).has_value());
  const auto half = [](std::int64_t j) { return j % 2 == 0 ? 2 : 5; };  // two-valued columns, but no group of them
  EXPECT_FALSE(cpu::compact_rows(Matrix::random(50, 256, half).view()).has_value());
}

}  // namespace
}  // namespace slalom::testing
