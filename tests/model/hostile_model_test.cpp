// SPDX-License-Identifier: Apache-2.0
// Model files from strangers: claims that do not hold, sizes that do not fit, JSON made to hurt.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include <slalom/error.hpp>
#include <slalom/model.hpp>

#include "data/temp_files.hpp"
#include "model/model_json.hpp"
#include "model/safetensors.hpp"
#include "support/message_of.hpp"
#include "support/sanitized.hpp"

namespace slalom {
namespace {

using testing::message_of;
using testing::TempFolder;

/// What load_model says of a file with this content, less the file's name.
std::string complaint(const std::string& content) {
  const TempFolder folder;
  const std::string path = folder.file("m.safetensors", content);
  const std::string text = message_of([&] { (void)load_model(path); });
  EXPECT_TRUE(text.starts_with(path + ": ")) << text;
  return text.substr(path.size() + 2);
}

std::string with_header(const std::string& header) {
  const std::uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), sizeof(length)) + header;
}

std::string tensor_entry(const std::string& shape, const std::string& offsets) {
  return R"({"t":{"dtype":"F32","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
}

/// A model file without tensors whose description is this text.
std::string described_as(const std::string& json) {
  return model_io::safetensors_header({{"format", "slalom-1"}, {"model", json}}, {});
}

/// The description of a small classifier of 0 and 1, with `from` replaced by `to`.
std::string description_with(const std::string& from, const std::string& to) {
  Model model;
  model.spec.kind = ModelKind::kLogistic;
  model.spec.loss.kind = LossKind::kBce;
  model.spec.n_features = 2;
  model.preprocessing.inputs = {{.name = "c", .categorical = true, .categories = {"x", "y"}, .fill_code = 1}};
  model.preprocessing.offset = {0.0, 0.0};
  model.preprocessing.scale = {1.0, 1.0};
  model.preprocessing.targets = {"t"};
  model.preprocessing.classes = {"0", "1"};
  std::string text = model_io::to_json(model);
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from << " is not in " << text;
  return text.replace(at, from.size(), to);
}

std::string complaint_about(const std::string& from, const std::string& to) {
  return complaint(described_as(description_with(from, to)));
}

TEST(HostileModel, ClaimsOfTerabytesTakeNoMemory) {
  const std::string header = tensor_entry("[1099511627776]", "[0,4398046511104]");
  EXPECT_EQ(complaint(with_header(header)), "truncated: found " + std::to_string(8 + header.size()) +
                                                " bytes, expected " +
                                                std::to_string(std::uint64_t{4398046511104} + 8 + header.size()));
  EXPECT_EQ(complaint(with_header(tensor_entry("[4294967296,4294967296]", "[0,0]"))),
            "not a slalom model: a tensor has an impossible shape");
  EXPECT_EQ(complaint_about("\"features\":2", "\"features\":4000000000"),
            "not a slalom model: model: found 4000000000 features, expected 1 to 16777216");
  EXPECT_EQ(complaint(described_as(description_with("\"t\"", "\"t\""))),
            "not a slalom model: found 0 tensors, expected 2");
}

TEST(HostileModel, AFileOfATerabyteIsRefusedByItsHeader) {
  const TempFolder folder;
  const std::string path = folder.file("m.safetensors", with_header(tensor_entry("[1]", "[0,4]")));
  const auto n_header = std::filesystem::file_size(path);
  constexpr std::uint64_t kTerabyte = std::uint64_t{1} << 40U;
  std::filesystem::resize_file(path, kTerabyte);  // a hole: it takes no room on the disk
  EXPECT_EQ(message_of([&] { (void)load_model(path); }),
            path + ": not a slalom model: found 1099511627776 bytes, " + "expected " + std::to_string(n_header + 4));
}

TEST(HostileModel, NumbersThatDoNotFitAreNotConverted) {
  EXPECT_EQ(complaint(with_header(tensor_entry("[1e300]", "[0,4]"))),
            "not a slalom model: found 1e+300, expected a whole number from 0 to 9223372036854775807");
  EXPECT_EQ(complaint(with_header(tensor_entry("[1]", "[0,18446744073709551615]"))),
            "not a slalom model: found 18446744073709551615, expected a whole number from 0 to 9223372036854775807");
  EXPECT_EQ(complaint(with_header(tensor_entry("[1]", "[-1,3]"))),
            "not a slalom model: found -1, expected a whole number from 0 to 9223372036854775807");
  EXPECT_EQ(complaint(with_header(tensor_entry("[[1]]", "[0,4]"))),
            "not a slalom model: found array, expected a whole number from 0 to 9223372036854775807");
  EXPECT_EQ(complaint_about("\"fill_code\":1", "\"fill_code\":4294967296"),
            "not a slalom model: found 4294967296, expected a whole number from 0 to 2147483647");
}

TEST(HostileModel, DeepJsonDoesNotOverflowTheStack) {
  const std::string deep = std::string(1000000, '[') + std::string(1000000, ']');
  EXPECT_EQ(complaint(with_header(R"({"t":)" + deep + "}")), "not a slalom model: JSON is nested more than 32 deep");
  EXPECT_EQ(complaint(described_as(deep)), "not a slalom model: JSON is nested more than 32 deep");
}

TEST(HostileModel, ManyNamesDoNotTakeQuadraticTime) {
  std::string header = "{\"a\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}";
  std::string facts = "\"facts\":{";
  for (int i = 0; i < 300000 / testing::kSlowdown; ++i) {
    const std::string name = "\"" + std::to_string(i) + "\":";
    header.append(",").append(name).append(R"({"dtype":"F32","shape":[0],"data_offsets":[0,0]})");
    facts.append(i == 0 ? "" : ",").append(name).append("\"\"");
  }
  EXPECT_EQ(complaint(with_header(header + "}")), "not a slalom model: the header has no 'format'");
  EXPECT_EQ(complaint_about("\"facts\":{", facts), "not a slalom model: a JSON object has more than 1000 entries");
}

TEST(HostileModel, OrderOfNamesInTheHeaderDoesNotMatter) {
  const std::string swapped =
      R"({"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
  const std::string bytes = with_header(swapped) + "AAAABBBB";
  const model_io::SafetensorsView view("f", bytes, "model");
  EXPECT_EQ(view.tensor("a").bytes, "AAAA");
  EXPECT_EQ(view.tensor("b").bytes, "BBBB");
}

TEST(HostileModel, OverlappingTensorsAreRefused) {
  EXPECT_EQ(complaint(with_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                                  R"("b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})") +
                      "AAAA"),
            "not a slalom model: tensor 'b' has another type, shape or place than the ones before it leave");
}

TEST(HostileModel, TargetsHaveToFitAClassifier) {
  EXPECT_EQ(complaint_about("\"targets\":[\"t\"]", "\"targets\":[\"t\",\"u\"]"),
            "not a slalom model: a classifier has one target, which is not scaled");
  EXPECT_EQ(complaint_about("\"target_scale\":[]", "\"target_scale\":[1.0]"),
            "not a slalom model: a classifier has one target, which is not scaled");
  EXPECT_EQ(complaint_about("\"outputs\":1", "\"outputs\":5"),
            "not a slalom model: the classes do not fit the model's outputs");
}

TEST(HostileModel, ReasonsAreCut) {
  const std::string text = complaint(with_header("{\"" + std::string(1000000, 'x') + "\":1}"));
  EXPECT_LT(text.size(), 500U);
}

}  // namespace
}  // namespace slalom
