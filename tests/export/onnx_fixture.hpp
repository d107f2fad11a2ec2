// SPDX-License-Identifier: Apache-2.0
// Trains, predicts, exports, and compares the exported model in onnxruntime with the predictions.
#pragma once

#include <string>

#include "cli/python_fixture.hpp"

namespace slalom::testing {

/// Every test runs in a folder with train.csv and test.csv, which has levels and missing cells that training did not
/// see.
class OnnxFixture : public PythonFixture {
 protected:
  OnnxFixture() : PythonFixture("numpy, onnx, onnxruntime") {}
  void SetUp() override;

  /// Trains on `data`, predicts `test`, exports: NAME.safetensors, NAME.csv, NAME.onnx.
  void make(const std::string& name, const std::string& train_flags, const std::string& data, const std::string& test,
            const std::string& read_flags = "", const std::string& export_flags = "") const;

  /// The same on the mixed table's features; `flags` name the target.
  void make_mixed(const std::string& name, const std::string& flags, const std::string& export_flags = "") const;

  /// Runs check_onnx.py: "DATA NAME...".
  Outcome check(const std::string& arguments) const;
};

}  // namespace slalom::testing
