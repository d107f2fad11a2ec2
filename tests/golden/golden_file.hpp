// SPDX-License-Identifier: Apache-2.0
// Reads the reference vectors and compares numbers with them.
#pragma once

#include <cmath>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/shared_data.hpp"

namespace slalom::testing {

/// Base of the tests against golden/*.json; skips them where the reference data is absent.
class GoldenTest : public ::testing::Test {
 public:
  /// The content of golden/<name>. Throws on a missing or malformed file: present data that cannot be read is a
  /// failure.
  static nlohmann::json read_golden(const std::string& name) {
    const std::filesystem::path path = shared_dir() / "golden" / name;
    std::ifstream file(path);
    if (!file) throw std::runtime_error(path.string() + ": cannot be opened");
    return nlohmann::json::parse(file);
  }

 protected:
  void SetUp() override {
    if (shared_dir().empty()) GTEST_SKIP() << "the shared reference data is absent; SLALOM_SHARED names its folder";
  }
};

/// Whether |actual - expected| <= tolerance (1 + |expected|); false for NaN.
inline ::testing::AssertionResult agrees(double actual, double expected, double tolerance) {
  const double error = std::fabs(actual - expected);
  if (error <= tolerance * (1.0 + std::fabs(expected))) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "found " << ::testing::PrintToString(actual) << ", expected "
                                       << ::testing::PrintToString(expected) << ", error " << error;
}

}  // namespace slalom::testing
