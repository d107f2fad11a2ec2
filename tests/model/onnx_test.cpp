// SPDX-License-Identifier: Apache-2.0
// The form of exported files: inputs, outputs, metadata; and models that cannot be exported.
#include <slalom/onnx.hpp>

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <slalom/error.hpp>
#include <slalom/version.hpp>

#include "data/temp_files.hpp"

namespace slalom::testing {
namespace {

Model two_column_model() {
  Model model;
  model.spec.n_features = 4;
  model.preprocessing.inputs = {
      {.name = "a", .fill = 0.5},
      {.name = "c", .categorical = true, .categories = {"false", "true"}, .has_other = true, .fill_code = 1},
      {.name = "unused", .categorical = true}};
  model.preprocessing.offset = {1.0, 0.0, 0.0, 0.0};
  model.preprocessing.scale = {2.0, 1.0, 1.0, 1.0};
  model.preprocessing.targets = {"t"};
  model.preprocessing.target_offset = {0.0};
  model.preprocessing.target_scale = {1.0};
  model.facts = {{"seed", "7"}};
  model.parameters.assign(16, 0.25F);
  return model;
}

class Onnx : public ::testing::Test {
 protected:
  ::onnx::ModelProto exported(const Model& model, const OnnxOptions& options = {}) const {
    export_onnx(model, folder_.path("m.onnx"), options);
    ::onnx::ModelProto proto;
    EXPECT_TRUE(proto.ParseFromString(file_content(folder_.path("m.onnx"))));
    return proto;
  }
  std::string message(const Model& model) const {
    try {
      export_onnx(model, folder_.path("m.onnx"));
    } catch (const DataError& error) {
      return error.what();
    }
    return "no error";
  }
  TempFolder folder_;
};

TEST_F(Onnx, AnInputForEveryColumnThatHasFeatures) {
  const ::onnx::ModelProto proto = exported(two_column_model());
  ASSERT_EQ(proto.graph().input_size(), 2);
  EXPECT_EQ(proto.graph().input(0).name(), "a");
  EXPECT_EQ(proto.graph().input(0).type().tensor_type().elem_type(), ::onnx::TensorProto::DOUBLE);
  EXPECT_EQ(proto.graph().input(0).doc_string(), "Number; NaN (missing) becomes 0.5");
  EXPECT_EQ(proto.graph().input(1).name(), "c");
  EXPECT_EQ(proto.graph().input(1).type().tensor_type().elem_type(), ::onnx::TensorProto::STRING);
  EXPECT_EQ(proto.graph().input(1).doc_string(), "Text; the empty text (missing) becomes 'true'");
  const ::onnx::ModelProto narrow = exported(two_column_model(), {.float32 = true});
  EXPECT_EQ(narrow.graph().input(0).type().tensor_type().elem_type(), ::onnx::TensorProto::FLOAT);
  EXPECT_EQ(narrow.graph().output(0).type().tensor_type().elem_type(), ::onnx::TensorProto::FLOAT);
}

TEST_F(Onnx, NamesOfInputsStayAndOthersMakeRoom) {
  Model model = two_column_model();
  model.preprocessing.inputs[0].name = "prediction";
  model.preprocessing.inputs[1].name = "";
  const ::onnx::ModelProto proto = exported(model);
  EXPECT_EQ(proto.graph().input(0).name(), "prediction");
  EXPECT_EQ(proto.graph().input(1).name(), "unnamed");
  EXPECT_EQ(proto.graph().output(0).name(), "prediction_1");
}

TEST_F(Onnx, TextsHaveTheCodesThatReadersAndPreprocessingGiveThem) {
  const ::onnx::ModelProto proto = exported(two_column_model());
  const auto& nodes = proto.graph().node();
  const auto encoder =
      std::find_if(nodes.begin(), nodes.end(), [](const auto& n) { return n.op_type() == "LabelEncoder"; });
  ASSERT_NE(encoder, nodes.end());
  EXPECT_EQ(encoder->domain(), "ai.onnx.ml");
  ASSERT_EQ(encoder->attribute_size(), 3);
  const auto code_of = [&](const std::string& text) {
    const auto& keys = encoder->attribute(0).strings();
    const auto found = std::find(keys.begin(), keys.end(), text);
    return found == keys.end() ? encoder->attribute(2).i()
                               : encoder->attribute(1).ints(static_cast<int>(found - keys.begin()));
  };
  for (const char* text : {"false", "False", "FALSE"}) EXPECT_EQ(code_of(text), 0) << text;
  for (const char* text :
       {"true", "True", "TRUE", "", "NA", "N/A", "null", "None", "?", "nan", "NaN", "-nAn", "+NAN"}) {
    EXPECT_EQ(code_of(text), 1) << text;  // "true" is what missing cells become
  }
  for (const char* text : {"tRue", "na", "2"}) EXPECT_EQ(code_of(text), 2) << text;  // other
}

TEST_F(Onnx, MetadataHoldTheModelsDescription) {
  const ::onnx::ModelProto proto = exported(two_column_model());
  EXPECT_EQ(proto.producer_name(), "slalom");
  EXPECT_EQ(proto.producer_version(), kVersion);
  std::vector<std::pair<std::string, std::string>> entries;
  for (const auto& entry : proto.metadata_props()) entries.emplace_back(entry.key(), entry.value());
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].first, "model");
  EXPECT_THAT(entries[0].second, ::testing::HasSubstr(R"("facts":{"seed":"7"})"));
  EXPECT_THAT(entries[0].second, ::testing::HasSubstr(R"({"name":"a","fill":0.5})"));
  EXPECT_EQ(entries[1], (std::pair<std::string, std::string>("targets", R"(["t"])")));
}

TEST_F(Onnx, ModelsThatDoNotFitTogetherAreRefused) {
  Model twice = two_column_model();
  twice.preprocessing.inputs[1].name = "a";
  EXPECT_EQ(message(twice), "column 'a' occurs twice in the model, expected different names");
  Model short_of_parameters = two_column_model();
  short_of_parameters.parameters.pop_back();
  EXPECT_EQ(message(short_of_parameters), "the model has 15 parameters, expected 16");
  EXPECT_EQ(folder_.count_files(), 0U);
}

TEST_F(Onnx, AnOutputThatCannotBeWrittenIsFoundBeforeTheWork) {
  Model broken = two_column_model();
  broken.parameters.clear();
  try {
    export_onnx(broken, folder_.path("none/m.onnx"));
    FAIL() << "no error";
  } catch (const OutputError& error) {
    EXPECT_EQ(error.code(), ExitCode::kCannotCreate);
  }
}

}  // namespace
}  // namespace slalom::testing
