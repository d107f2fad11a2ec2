// SPDX-License-Identifier: Apache-2.0
// Trains, predicts, exports, and compares the exported model in onnxruntime with the predictions.
#include "export/onnx_fixture.hpp"

#include "export/mixed_table.hpp"

namespace slalom::testing {

void OnnxFixture::SetUp() {
  PythonFixture::SetUp();
  if (IsSkipped() || HasFatalFailure()) return;
  write("train.csv", mixed_csv(400, false));
  write("test.csv", mixed_csv(300, true));
}

void OnnxFixture::make(const std::string& name, const std::string& train_flags, const std::string& data,
                       const std::string& test, const std::string& read_flags, const std::string& export_flags) const {
  const std::string model = name + ".safetensors";
  const Outcome train =
      slalom("train --data " + data + " --quiet --out " + model + " " + read_flags + " " + train_flags);
  ASSERT_EQ(train.status, 0) << name << ": " << train.err;
  const Outcome predict =
      slalom("predict --model " + model + " --data " + test + " --out " + name + ".csv --quiet " + read_flags);
  ASSERT_EQ(predict.status, 0) << name << ": " << predict.err;
  const Outcome written = slalom("export --model " + model + " --onnx " + name + ".onnx " + export_flags);
  ASSERT_EQ(written.status, 0) << name << ": " << written.err;
  ASSERT_EQ(written.err, name + ".onnx: ONNX model written\n");
}

void OnnxFixture::make_mixed(const std::string& name, const std::string& flags, const std::string& export_flags) const {
  make(name, "--features 'size,big number,colour,flag,zone' --max-categories 6 --epochs 4 --batch-size 16 " + flags,
       "train.csv", "test.csv", "", export_flags);
}

Outcome OnnxFixture::check(const std::string& arguments) const {
  return python("'" SLALOM_CHECK_ONNX "' " + arguments);
}

}  // namespace slalom::testing
