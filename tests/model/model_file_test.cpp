// SPDX-License-Identifier: Apache-2.0
// Models survive the file exactly, and broken files are refused cleanly.
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include <slalom/error.hpp>
#include <slalom/model.hpp>

#include "core/philox.hpp"

namespace slalom::testing {
namespace {

class ModelFile : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::temp_directory_path() /
        ("slalom-model-" + std::to_string(getpid()) + ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::string path() const { return (folder_ / "m.safetensors").string(); }
  [[nodiscard]] std::string bytes() const {
    std::ifstream file(path(), std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  void write(const std::string& content) const { std::ofstream(path(), std::ios::binary) << content; }
  [[nodiscard]] std::string message() const {
    try {
      static_cast<void>(load_model(path()));
    } catch (const DataError& error) {
      return error.what();
    }
    return "no error";
  }

 private:
  std::filesystem::path folder_;
};

Model small_model() {
  Model model;
  model.spec.kind = ModelKind::kMlp;
  model.spec.hidden = {3};
  model.spec.n_features = 3;
  model.spec.batch_norm = true;
  model.preprocessing.inputs = {{.name = "a", .fill = 0.1},
                                {.name = "c \"ü\"", .categorical = true, .categories = {"x", "y"}, .fill_code = 1}};
  model.preprocessing.inputs[0].statistics = {.missing = 0.1, .mean = 1.0 / 3.0, .deviation = 5e-324};
  model.preprocessing.inputs[1].statistics = {.missing = 0.0, .shares = {0.3, 0.7}};
  model.preprocessing.target_statistics = {{.mean = 1e300, .deviation = 0.1}};
  model.preprocessing.offset = {0.1, 0.0, 0.0};
  model.preprocessing.scale = {1.0 / 3.0, 1.0, 1.0};
  model.preprocessing.targets = {"t"};
  model.preprocessing.target_offset = {1e300};
  model.preprocessing.target_scale = {5e-324};
  model.facts = {{"seed", "1"}, {"device", "cpu"}};
  for (const double value : initial_parameters(model.spec, 5, 0)) model.parameters.push_back(static_cast<float>(value));
  return model;
}

TEST_F(ModelFile, RoundTripIsExact) {
  const Model model = small_model();
  save_model(model, path());
  const std::string first = bytes();
  const Model loaded = load_model(path());
  EXPECT_EQ(loaded.parameters, model.parameters);
  EXPECT_EQ(loaded.preprocessing.scale, model.preprocessing.scale);
  EXPECT_EQ(loaded.preprocessing.target_scale, model.preprocessing.target_scale);
  EXPECT_EQ(loaded.preprocessing.inputs.at(1).name, model.preprocessing.inputs.at(1).name);
  EXPECT_EQ(loaded.facts, model.facts);
  ASSERT_TRUE(loaded.preprocessing.inputs[0].statistics && loaded.preprocessing.inputs[1].statistics);
  EXPECT_EQ(loaded.preprocessing.inputs[0].statistics->mean, 1.0 / 3.0);
  EXPECT_EQ(loaded.preprocessing.inputs[0].statistics->deviation, 5e-324);
  EXPECT_EQ(loaded.preprocessing.inputs[1].statistics->shares, (std::vector<double>{0.3, 0.7}));
  EXPECT_EQ(loaded.preprocessing.target_statistics.at(0).mean, 1e300);
  save_model(loaded, path());
  EXPECT_EQ(bytes(), first);
}

TEST_F(ModelFile, StatisticsMayLackButHaveToFit) {
  Model model = small_model();
  for (InputColumn& input : model.preprocessing.inputs) input.statistics.reset();
  model.preprocessing.target_statistics.clear();
  save_model(model, path());
  EXPECT_FALSE(load_model(path()).preprocessing.inputs[0].statistics.has_value());
  model.preprocessing.inputs[1].statistics = {.shares = {0.3, 0.3, 0.4}};
  save_model(model, path());
  EXPECT_EQ(message(), path() + ": not a slalom model: the statistics of a column do not fit it");
}

TEST_F(ModelFile, EveryTruncationIsRefused) {
  save_model(small_model(), path());
  const std::string whole = bytes();
  for (std::size_t n = 0; n < whole.size(); ++n) {
    write(whole.substr(0, n));
    EXPECT_THROW(static_cast<void>(load_model(path())), DataError) << n << " bytes of " << whole.size();
  }
}

TEST_F(ModelFile, FlippedBitsNeverCrash) {
  save_model(small_model(), path());
  const std::string whole = bytes();
  core::PhiloxStream random(1, 0, core::RandomUse::kSynthetic, 2);
  for (int trial = 0; trial < 3000; ++trial) {
    std::string broken = whole;
    const auto at = random.below(static_cast<std::uint32_t>(whole.size()));
    broken[at] = static_cast<char>(static_cast<unsigned char>(broken[at]) ^ (1U << random.below(8)));
    write(broken);
    try {
      static_cast<void>(load_model(path()));
    } catch (const DataError&) {
    }
  }
}

TEST_F(ModelFile, MessagesSayWhatIsWrong) {
  write("");
  EXPECT_EQ(message(), path() + ": is empty");
  write("short");
  EXPECT_EQ(message(), path() + ": truncated: found 5 bytes, expected 8");
  write(std::string("\xff\xff\xff\xff\xff\xff\xff\x7f{}", 10));
  EXPECT_EQ(message(), path() + ": not a slalom model: it does not begin with the length of a safetensors header");
  write(std::string("\x04\0\0\0\0\0\0\0[1] ", 12));
  EXPECT_EQ(message(), path() + ": not a slalom model: the header is not a JSON object");
}

TEST_F(ModelFile, AMissingFileIsMissingInput) {
  EXPECT_THROW(static_cast<void>(load_model(path() + ".none")), InputError);
}

TEST(Coefficients, UndoScaling) {
  Model model;
  model.spec.n_features = 1;
  model.preprocessing.inputs = {{.name = "x"}};
  model.preprocessing.offset = {10.0};
  model.preprocessing.scale = {4.0};
  model.preprocessing.targets = {"y"};
  model.preprocessing.target_offset = {100.0};
  model.preprocessing.target_scale = {20.0};
  model.parameters.assign(16, 0.0F);
  const LayerView layer = ParameterLayout(model.spec).layers[0];
  model.parameters[static_cast<std::size_t>(layer.weight)] = 0.5F;
  model.parameters[static_cast<std::size_t>(layer.bias)] = 0.25F;
  const LinearCoefficients c = coefficients_in_original_units(model);
  EXPECT_DOUBLE_EQ(c.coefficients[0], 2.5);               // 0.5 * 20 / 4
  EXPECT_DOUBLE_EQ(c.intercepts[0], 100.0 + 5.0 - 25.0);  // 0.25 * 20, minus 2.5 * 10
}

}  // namespace
}  // namespace slalom::testing
