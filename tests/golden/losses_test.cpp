// SPDX-License-Identifier: Apache-2.0
// Losses and their derivatives against values made with 50 digits, ordinary and extreme.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "core/losses.hpp"
#include "golden/golden_file.hpp"

namespace slalom {
namespace {

using nlohmann::json;
using testing::agrees;

/// Whether a number of type Real agrees with a reference value; one beyond Real's range has to be infinite.
template <class Real>
::testing::AssertionResult matches(Real actual, const json& expected, double tolerance) {
  const auto value = expected.get<double>();
  if (std::fabs(value) <= static_cast<double>(std::numeric_limits<Real>::max())) {
    return agrees(static_cast<double>(actual), value, tolerance);
  }
  if (std::isinf(actual) && std::signbit(actual) == std::signbit(value)) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "found " << actual << ", expected infinity for " << value;
}

template <class Real>
void expect_pointwise(const json& file, LossKind kind, double tolerance) {
  const json& rows = file.at(std::string(name_of(kind)));
  ASSERT_FALSE(rows.empty());
  for (const json& row : rows) {
    SCOPED_TRACE(row.dump());
    const double constant = row.contains("delta") ? row.at("delta").get<double>() : row.value("quantile", 0.0);
    const auto found =
        core::pointwise_loss(kind, row.at("z").get<Real>(), row.at("t").get<Real>(), static_cast<Real>(constant));
    EXPECT_TRUE(matches(found.loss, row.at("loss"), tolerance)) << "loss";
    EXPECT_TRUE(matches(found.derivative, row.at("derivative"), tolerance)) << "derivative";
  }
}

template <class Real>
void expect_cross_entropy(const json& file, double tolerance) {
  const json& rows = file.at("cross-entropy");
  ASSERT_FALSE(rows.empty());
  for (const json& row : rows) {
    SCOPED_TRACE(row.dump());
    std::vector<Real> z = row.at("z").get<std::vector<Real>>();
    const auto k = static_cast<std::int64_t>(z.size());
    const Real loss = core::cross_entropy(z.data(), k, row.at("label").get<std::int32_t>(), z.data());
    EXPECT_TRUE(matches(loss, row.at("loss"), tolerance)) << "loss";
    for (std::size_t j = 0; j < z.size(); ++j) {
      EXPECT_TRUE(matches(z[j], row.at("derivative")[j], tolerance)) << "derivative " << j;
    }
  }
}

constexpr double kDoubleTolerance = 1e-14;
constexpr double kFloatTolerance = 1e-6;
constexpr LossKind kPointwise[] = {LossKind::kMse,      LossKind::kMae, LossKind::kHuber,
                                   LossKind::kQuantile, LossKind::kBce, LossKind::kHinge};

class GoldenLosses : public testing::GoldenTest {};

TEST_F(GoldenLosses, PointwiseMatchInFloat64) {
  const json file = read_golden("losses.json");
  for (const LossKind kind : kPointwise) expect_pointwise<double>(file, kind, kDoubleTolerance);
}

TEST_F(GoldenLosses, PointwiseMatchInFloat32) {
  const json file = read_golden("losses.json");
  for (const LossKind kind : kPointwise) expect_pointwise<float>(file, kind, kFloatTolerance);
}

TEST_F(GoldenLosses, CrossEntropyMatchesInFloat64) {
  expect_cross_entropy<double>(read_golden("losses.json"), kDoubleTolerance);
}
TEST_F(GoldenLosses, CrossEntropyMatchesInFloat32) {
  expect_cross_entropy<float>(read_golden("losses.json"), kFloatTolerance);
}

}  // namespace
}  // namespace slalom
