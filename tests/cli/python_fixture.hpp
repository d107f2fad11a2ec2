// SPDX-License-Identifier: Apache-2.0
// Tests in which Python packages judge what the binary wrote.
#pragma once

#include <string>

#include "cli/command_line.hpp"

namespace slalom::testing {

/// Skips every test if the tests' Python cannot import the modules; SLALOM_REQUIRE_PYTHON=1 makes that a failure.
class PythonFixture : public CommandLine {
 protected:
  /// `modules`: "numpy, onnx"
  explicit PythonFixture(std::string modules) : modules_(std::move(modules)) {}
  void SetUp() override;

  /// Runs the tests' Python.
  Outcome python(const std::string& arguments) const;

 private:
  std::string modules_;
};

}  // namespace slalom::testing
