// SPDX-License-Identifier: Apache-2.0
// Runs the slalom binary as a user does, in a scratch folder of its own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace slalom::testing {

/// Exit status after a read or write that failed (sysexits.h).
inline constexpr int kIo = 74;

struct Outcome {
  int status = -1;  ///< exit status; 128 + signal if a signal ended it
  std::string out, err;
  /// The last line of stdout, parsed.
  [[nodiscard]] nlohmann::json json() const;
};

/// A fixture with an empty folder as working directory of every command, removed afterwards.
class CommandLine : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  /// Runs `slalom <arguments>` through the shell. A report of a sanitizer fails the test.
  Outcome slalom(const std::string& arguments) const;
  /// Runs a command line that must end with `status` and no more than "slalom: <message>", and not leave `output`.
  void expect_error(const std::string& arguments, int status, const std::string& message,
                    const std::string& output) const;
  /// Runs another command line in the same way.
  Outcome shell(const std::string& command) const;
  void write(const std::string& name, const std::string& content) const;
  [[nodiscard]] std::string read(const std::string& name) const;
  [[nodiscard]] bool exists(const std::string& name) const { return std::filesystem::exists(folder_ / name); }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

  /// Writes `<name>.train.<ext>` and `<name>.test.<ext>` by the rule of the reference results: data row i is a test row
  /// if (i * 2654435761 mod 2^32) mod 5 == 0.
  /// Only lines that `keep` accepts are counted, and only they are written.
  void split_reference(const std::filesystem::path& file, const std::string& stem, bool header,
                       const std::function<bool(const std::string&)>& keep = nullptr) const;

 private:
  std::filesystem::path folder_;
};

/// Numbers in [0, 1) that are the same everywhere: multiples of 2^-24 from a linear congruential generator.
class TestNumbers {
 public:
  explicit TestNumbers(std::uint32_t seed) : state_(seed) {}
  double next() {
    state_ = state_ * 1664525U + 1013904223U;
    return static_cast<double>(state_ >> 8U) / static_cast<double>(1U << 24U);
  }

 private:
  std::uint32_t state_;
};

/// y = 3 a - 2 b + 1 with two numeric columns and a text column that does not matter; `n` rows.
[[nodiscard]] std::string plane_csv(int n);

}  // namespace slalom::testing
