// SPDX-License-Identifier: Apache-2.0
// Real data sets reach the results of closed-form least squares and ridge and of converged logistic regression.
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <vector>

#include <slalom/model.hpp>

#include "cli/command_line.hpp"
#include "support/shared_data.hpp"

namespace slalom::testing {
namespace {

/// A metric of the trained model and the reference figure that it has to reach.
struct Check {
  const char* metric;     ///< "/train/mse" of the training part, "/test/mse" of the test part
  const char* reference;  ///< pointer into {"reference": reference.json, "more": reference_more.json}
  double tolerance;       ///< |found - expected| <= tolerance * expected
};

struct Case {
  const char* name;
  const char* file;
  const char* read_flags;
  const char* flags;
  std::vector<Check> checks;
};

bool has_body_mass(const std::string& line) {
  std::size_t comma = 0;
  for (int i = 0; i < 5; ++i) comma = line.find(',', comma) + 1;
  return line[comma] != ',';
}

class ReferenceData : public CommandLine {
 protected:
  void SetUp() override {
    CommandLine::SetUp();
    if (shared_dir().empty()) GTEST_SKIP() << "no reference data beside the source tree";
    data_ = shared_dir() / "data";
    reference_["reference"] = parse(data_ / "reference.json");
    reference_["more"] = parse(data_ / "reference_more.json");
  }

  static nlohmann::json parse(const std::filesystem::path& path) {
    std::ifstream file(path);
    return nlohmann::json::parse(file);
  }

  /// Makes train and test parts of a data file of the reference by its rule; a9a has its own test file.
  void split(const std::string& file, bool header) {
    train_ = "part.train.csv";
    test_ = "part.test.csv";
    if (file == "a9a.libsvm") {
      train_ = (data_ / file).string();
      test_ = (data_ / "a9a.t.libsvm").string();
    } else if (file == "digits.csv.gz") {  // the parts are compressed again: both ways of reading are wanted
      ASSERT_EQ(shell("gzip -dc '" + (data_ / file).string() + "' > digits.csv"), 0);
      split_reference(folder() / "digits.csv", "part", header);
      ASSERT_EQ(shell("gzip part.train.csv part.test.csv"), 0);
      train_ += ".gz";
      test_ += ".gz";
    } else if (file == "penguins.csv") {
      split_reference(data_ / file, "part", header, has_body_mass);
    } else {
      split_reference(data_ / file, "part", header);
    }
  }

  [[nodiscard]] int shell(const std::string& command) const {
    return std::system(("cd '" + folder().string() + "' && " + command).c_str());
  }

  /// Trains on the training part, evaluates on the test part: {"train": metrics, "test": metrics}.
  nlohmann::json fit(const std::string& read_flags, const std::string& flags) {
    const Outcome run = slalom("train --data '" + train_ + "' --valid-fraction 0 --out m.safetensors --quiet --json " +
                               read_flags + " " + flags);
    EXPECT_EQ(run.status, 0) << run.err;
    const Outcome test = slalom("evaluate --model m.safetensors --data '" + test_ + "' --json " + read_flags);
    EXPECT_EQ(test.status, 0) << test.err;
    return {{"train", run.json().at("train")}, {"test", test.json()}};
  }

  [[nodiscard]] double reference(const std::string& pointer) const {
    return reference_.at(nlohmann::json::json_pointer(pointer)).get<double>();
  }

  nlohmann::json reference_;
  std::filesystem::path data_;
  std::string train_, test_;
};

class ReferenceResults : public ReferenceData, public ::testing::WithParamInterface<Case> {};

TEST_P(ReferenceResults, AreReached) {
  const Case& c = GetParam();
  split(c.file, std::string(c.read_flags).find("--no-header") == std::string::npos);
  const nlohmann::json found = fit(c.read_flags, c.flags);
  for (const Check& check : c.checks) {
    const double expected = reference(check.reference);
    const double value = found.at(nlohmann::json::json_pointer(check.metric)).get<double>();
    EXPECT_NEAR(value, expected, check.tolerance * expected) << check.metric;
  }
}

constexpr double kClosedForm = 1e-4;  // batch gradient descent runs until it stands still
constexpr double kLeastSquares = 0.005, kLogLoss = 0.01;
#define SLALOM_ADULT "/reference/a9a (train a9a.libsvm, test a9a.t.libsvm, features not standardised)/logistic_l2_C1/"
#define SLALOM_ADULT_MORE "/more/a9a.libsvm trained, a9a.t.libsvm tested (features not standardised)/"
#define SLALOM_NUMERIC "/more/california_housing, numeric columns only/"
#define SLALOM_BATCH "--lr 0.1 --batch-size all --epochs 3000 --schedule cosine "

INSTANTIATE_TEST_SUITE_P(
    LeastSquares, ReferenceResults,
    ::testing::Values(
        Case{"CaliforniaHousing",
             "california_housing.csv",
             "",
             "--target median_house_value --lr 0.02 --batch-size 256 --epochs 100 --schedule cosine",
             {{"/train/mse", "/reference/california_housing/ols_train_mse", kLeastSquares},
              {"/test/mse", "/reference/california_housing/ols_test_mse", kLeastSquares},
              {"/test/r2", "/reference/california_housing/ols_test_r2", kLeastSquares}}},
        Case{"CaliforniaHousingNumbers",
             "california_housing.csv",
             "",
             SLALOM_BATCH "--target median_house_value --drop ocean_proximity",
             {{"/train/mse", SLALOM_NUMERIC "ols/train_mse", kClosedForm},
              {"/test/mse", SLALOM_NUMERIC "ols/test_mse", kClosedForm},
              {"/test/r2", SLALOM_NUMERIC "ols/test_r2", kClosedForm}}},
        Case{"Wine",
             "winequality-red.csv",
             "",
             "--target quality --lr 0.02 --batch-size 128 --epochs 400 --schedule cosine",
             {{"/train/mse", "/reference/winequality-red/ols_train_mse", kLeastSquares},
              {"/test/mse", "/reference/winequality-red/ols_test_mse", kLeastSquares},
              {"/test/r2", "/reference/winequality-red/ols_test_r2", kLeastSquares}}},
        Case{"PenguinsWithMissingCellsAndText",
             "penguins.csv",
             "",
             "--target body_mass_g --lr 0.02 --batch-size 32 --epochs 1000 --schedule cosine",
             {{"/train/mse", "/reference/penguins (target body_mass_g, rows without it dropped)/ols_train_mse",
               kLeastSquares},
              {"/test/mse", "/reference/penguins (target body_mass_g, rows without it dropped)/ols_test_mse",
               kLeastSquares},
              {"/test/r2", "/reference/penguins (target body_mass_g, rows without it dropped)/ols_test_r2",
               kLeastSquares}}}),
    [](const auto& parameter) { return std::string(parameter.param.name); });

// The reference standardises one-hot columns too, slalom does not: ridge compares on numeric columns.
INSTANTIATE_TEST_SUITE_P(
    Ridge, ReferenceResults,
    ::testing::Values(Case{"Wine001",
                           "winequality-red.csv",
                           "",
                           SLALOM_BATCH "--target quality --l2 0.01",
                           {{"/train/mse", "/more/winequality-red/ridge, lambda 0.01/train_mse", kClosedForm},
                            {"/test/mse", "/more/winequality-red/ridge, lambda 0.01/test_mse", kClosedForm}}},
                      Case{"Wine01",
                           "winequality-red.csv",
                           "",
                           SLALOM_BATCH "--target quality --l2 0.1",
                           {{"/train/mse", "/more/winequality-red/ridge, lambda 0.1/train_mse", kClosedForm},
                            {"/test/mse", "/more/winequality-red/ridge, lambda 0.1/test_mse", kClosedForm}}},
                      Case{"Wine1",
                           "winequality-red.csv",
                           "",
                           SLALOM_BATCH "--target quality --l2 1",
                           {{"/train/mse", "/more/winequality-red/ridge, lambda 1/train_mse", kClosedForm},
                            {"/test/mse", "/more/winequality-red/ridge, lambda 1/test_mse", kClosedForm}}},
                      Case{"CaliforniaHousing001",
                           "california_housing.csv",
                           "",
                           SLALOM_BATCH "--target median_house_value --drop ocean_proximity --l2 0.01",
                           {{"/train/mse", SLALOM_NUMERIC "ridge, lambda 0.01/train_mse", kClosedForm},
                            {"/test/mse", SLALOM_NUMERIC "ridge, lambda 0.01/test_mse", kClosedForm}}},
                      Case{"CaliforniaHousing01",
                           "california_housing.csv",
                           "",
                           SLALOM_BATCH "--target median_house_value --drop ocean_proximity --l2 0.1",
                           {{"/train/mse", SLALOM_NUMERIC "ridge, lambda 0.1/train_mse", kClosedForm},
                            {"/test/mse", SLALOM_NUMERIC "ridge, lambda 0.1/test_mse", kClosedForm}}},
                      Case{"CaliforniaHousing1",
                           "california_housing.csv",
                           "",
                           SLALOM_BATCH "--target median_house_value --drop ocean_proximity --l2 1",
                           {{"/train/mse", SLALOM_NUMERIC "ridge, lambda 1/train_mse", kClosedForm},
                            {"/test/mse", SLALOM_NUMERIC "ridge, lambda 1/test_mse", kClosedForm}}}),
    [](const auto& parameter) { return std::string(parameter.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Classes, ReferenceResults,
    ::testing::Values(
        Case{"BreastCancer",
             "breast_cancer.csv",
             "--no-header",
             "--target -1 --model logistic --l2 0.00219298 --lr 0.05 --batch-size 114 --epochs 2000 --schedule cosine",
             {{"/train/log_loss", "/reference/breast_cancer/logistic_l2_C1/train_log_loss", kLogLoss},
              {"/test/log_loss", "/reference/breast_cancer/logistic_l2_C1/test_log_loss", kLogLoss},
              {"/test/accuracy", "/reference/breast_cancer/logistic_l2_C1/test_accuracy", 0.0001},
              {"/test/auc", "/reference/breast_cancer/logistic_l2_C1/test_auc", 1e-9}}},
        Case{"DigitsFromGzip",
             "digits.csv.gz",
             "--no-header",
             "--target -1 --model softmax --l2 0.00069638 --lr 0.05 --batch-size all --epochs 1500 --schedule cosine",
             {{"/train/log_loss", "/reference/digits/logistic_l2_C1/train_log_loss", kLogLoss},
              {"/test/log_loss", "/reference/digits/logistic_l2_C1/test_log_loss", kLogLoss},
              {"/test/accuracy", "/reference/digits/logistic_l2_C1/test_accuracy", 0.003}}},  // one row of 361
        Case{"Adult",
             "a9a.libsvm",
             "",
             "--target label --model logistic --scale none --l2 3.071e-5 --lr 0.02 --batch-size 256 --epochs 60 "
             "--schedule cosine",
             {{"/train/log_loss", SLALOM_ADULT "train_log_loss", kLogLoss},
              {"/test/log_loss", SLALOM_ADULT "test_log_loss", kLogLoss},
              {"/test/accuracy", SLALOM_ADULT "test_accuracy", 0.002},
              {"/test/auc", SLALOM_ADULT "test_auc", 0.001}}},
        Case{"AdultMoreRidge",
             "a9a.libsvm",
             "",
             "--target label --model logistic --scale none --l2 0.001 --lr 0.02 --batch-size 256 --epochs 60 "
             "--schedule cosine",
             {{"/train/log_loss", SLALOM_ADULT_MORE "logistic, lambda 0.001/train_log_loss", kLogLoss},
              {"/test/log_loss", SLALOM_ADULT_MORE "logistic, lambda 0.001/test_log_loss", kLogLoss},
              {"/test/accuracy", SLALOM_ADULT_MORE "logistic, lambda 0.001/test_accuracy", 0.002},
              {"/test/auc", SLALOM_ADULT_MORE "logistic, lambda 0.001/test_auc", 0.001}}},
        Case{"AdultMostRidge",
             "a9a.libsvm",
             "",
             "--target label --model logistic --scale none --l2 0.01 --lr 0.02 --batch-size 256 --epochs 60 "
             "--schedule cosine",
             {{"/train/log_loss", SLALOM_ADULT_MORE "logistic, lambda 0.01/train_log_loss", kLogLoss},
              {"/test/log_loss", SLALOM_ADULT_MORE "logistic, lambda 0.01/test_log_loss", kLogLoss},
              {"/test/accuracy", SLALOM_ADULT_MORE "logistic, lambda 0.01/test_accuracy", 0.002},
              {"/test/auc", SLALOM_ADULT_MORE "logistic, lambda 0.01/test_auc", 0.001}}}),
    [](const auto& parameter) { return std::string(parameter.param.name); });

class ReferenceModels : public ReferenceData {
 protected:
  /// Weights on standardised features, in units of the target, of the model that fit() wrote.
  struct Weights {
    std::vector<std::string> names;
    std::vector<double> values;
    double intercept = 0.0;
  };
  [[nodiscard]] Weights weights() const {
    const Model model = load_model((folder() / "m.safetensors").string());
    const LayerView layer = ParameterLayout(model.spec).layers.at(0);
    const double scale = model.preprocessing.target_scale.at(0);
    const auto at = [&](std::int64_t i) {
      return static_cast<double>(model.parameters.at(static_cast<std::size_t>(i)));
    };
    Weights result{.names = model.preprocessing.feature_names()};
    for (std::int64_t i = 0; i < layer.inputs; ++i) result.values.push_back(scale * at(layer.weight + i));
    result.intercept = model.preprocessing.target_offset.at(0) + scale * at(layer.bias);
    return result;
  }
};

TEST_F(ReferenceModels, WeightsOfLeastSquaresAreTheClosedFormOnes) {
  split("winequality-red.csv", true);
  fit("", SLALOM_BATCH "--target quality");
  const Weights found = weights();
  const auto& expected = reference_.at("more").at("winequality-red").at("ols").at("weights_on_standardised_features");
  ASSERT_EQ(found.names.size() + 1, expected.size());
  for (std::size_t i = 0; i < found.names.size(); ++i) {
    EXPECT_NEAR(found.values[i], expected.at(found.names[i]).get<double>(), 3e-4) << found.names[i];  // 0.1 % of all
  }
  EXPECT_NEAR(found.intercept, expected.at("intercept").get<double>(), 3e-4);
}

TEST_F(ReferenceModels, RidgeShrinksTheWeightsToTheNormOfTheClosedForm) {
  split("winequality-red.csv", true);
  for (const char* lambda : {"0.01", "0.1", "1"}) {
    fit("", std::string(SLALOM_BATCH "--target quality --l2 ") + lambda);
    double squares = 0.0;
    for (const double w : weights().values) squares += w * w;
    const double expected = reference(std::string("/more/winequality-red/ridge, lambda ") + lambda + "/weight_norm");
    EXPECT_NEAR(std::sqrt(squares), expected, 1e-3 * expected) << lambda;
  }
}

TEST_F(ReferenceModels, NetworkBeatsTheReferenceNetworkOnCaliforniaHousing) {
  split("california_housing.csv", true);
  const nlohmann::json found =
      fit("", "--target median_house_value --model mlp --hidden 64,64 --lr 0.001 --batch-size 64 --epochs 40");
  EXPECT_LT(found.at("/test/mse"_json_pointer).get<double>(), 2.81e9);
}

TEST_F(ReferenceModels, PenguinSpeciesAreToldApart) {
  split_reference(data_ / "penguins.csv", "part", true);  // two rows lack all measurements, nine the sex
  train_ = "part.train.csv";
  test_ = "part.test.csv";
  const nlohmann::json found =
      fit("", "--target species --model softmax --l2 0.001 --lr 0.05 --batch-size 32 --epochs 200 --schedule cosine");
  // There is no reference figure: linear models are known to err on about one bird in a hundred.
  EXPECT_GE(found.at("/test/accuracy"_json_pointer).get<double>(), 0.95);
  EXPECT_EQ(found.at("test").at("confusion").size(), 3U);
  ASSERT_EQ(slalom("predict --model m.safetensors --data part.test.csv --out p.csv --quiet").status, 0);
  const std::string predictions = read("p.csv");
  EXPECT_EQ(predictions.substr(0, predictions.find('\n')),
            "prediction,probability_Adelie,probability_Chinstrap,probability_Gentoo");
}

}  // namespace
}  // namespace slalom::testing
