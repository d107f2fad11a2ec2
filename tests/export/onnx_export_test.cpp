// SPDX-License-Identifier: Apache-2.0
// Exported models of every kind give in onnxruntime what slalom predict gives.
#include <fstream>

#include "export/mixed_table.hpp"
#include "export/onnx_fixture.hpp"

namespace slalom::testing {
namespace {

using OnnxExport = OnnxFixture;

TEST_F(OnnxExport, LinearModelsOfEveryLossAndScaling) {
  make_mixed("mse", "--target y");
  make_mixed("mae", "--target y2 --loss mae");
  make_mixed("huber", "--target y --loss huber --huber-delta 4");
  make_mixed("quantile", "--target y --loss quantile --quantile 0.9");
  make_mixed("unscaled", "--target y --scale none --no-target-scale --optimizer adagrad");
  make_mixed("minmax", "--target y --scale minmax --missing most-frequent");
  make_mixed("several", "--target y,y2,digit");
  make_mixed("averaged", "--target y2 --optimizer averaged-sgd --lr 0.01");
  const Outcome run = check("test.csv mse mae huber quantile unscaled minmax several averaged");
  EXPECT_EQ(run.status, 0) << run.out << run.err;
}

TEST_F(OnnxExport, LinearClassifiersWithEveryKindOfLabel) {
  make_mixed("text", "--target yes --model logistic");
  make_mixed("boolean", "--target truth --model logistic --class-weight balanced");
  make_mixed("number", "--target digit --model logistic");
  make_mixed("text_hinge", "--target yes --model logistic --loss hinge");
  make_mixed("number_hinge", "--target digit --model logistic --loss hinge");
  make_mixed("texts", "--target kind --model softmax");
  make_mixed("numbers", "--target level --model softmax");
  make_mixed("fractions", "--target half --model softmax");
  make_mixed("two", "--target yes --model softmax");
  const Outcome run = check("test.csv text boolean number text_hinge number_hinge texts numbers fractions two");
  EXPECT_EQ(run.status, 0) << run.out << run.err;
}

TEST_F(OnnxExport, NumbersAsFloat32) {
  make_mixed("regression", "--target y,y2", "--float32");
  make_mixed("probabilities", "--target kind --model softmax", "--float32");
  make_mixed("fractions", "--target half --model mlp --hidden 8", "--float32");
  make_mixed("score", "--target yes --model logistic --loss hinge", "--float32");
  const Outcome run = check("test.csv regression probabilities fractions score --float32");
  EXPECT_EQ(run.status, 0) << run.out << run.err;
}

class OnnxNetworks : public OnnxFixture, public ::testing::WithParamInterface<const char*> {};

TEST_P(OnnxNetworks, OfEveryLoss) {
  const std::string network = std::string("--model mlp --hidden 24,9 --activation ") + GetParam() + " --target ";
  make_mixed("mse", network + "y");
  make_mixed("mae", network + "y,y2 --loss mae");
  make_mixed("bce", network + "digit");
  make_mixed("hinge", network + "truth --loss hinge");
  make_mixed("cross_entropy", network + "kind --dropout 0.25");
  make_mixed("norm_mse", network + "y --batch-norm");
  make_mixed("norm_cross_entropy", network + "half --batch-norm --dropout 0.25");
  make_mixed("one_layer", network + "y2 --hidden 1 --loss huber --batch-norm");
  const Outcome run = check("test.csv mse mae bce hinge cross_entropy norm_mse norm_cross_entropy one_layer");
  EXPECT_EQ(run.status, 0) << run.out << run.err;
}

INSTANTIATE_TEST_SUITE_P(Activations, OnnxNetworks,
                         ::testing::Values("relu", "leaky-relu", "tanh", "sigmoid", "gelu", "silu"),
                         [](const auto& activation) {
                           std::string name = activation.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST_F(OnnxExport, MissingCellsAreRefusedIfTrainingRefusedThem) {
  write("train.csv", "x,c,y\n1,a,2\n2,b,4\n3,a,6\n4,b,8\n5,a,10\n");
  write("whole.csv", "x,c\n1.5,a\n7,b\n2,unseen\n");
  write("no_number.csv", "x,c\n1.5,a\n,b\n");
  write("no_text.csv", "x,c\n1.5,NA\n2,b\n");
  make("m", "--target y --missing error --valid-fraction 0", "train.csv", "whole.csv");
  const Outcome whole = check("whole.csv m");
  EXPECT_EQ(whole.status, 0) << whole.out << whole.err;
  for (const char* data : {"no_number.csv", "no_text.csv"}) {
    EXPECT_EQ(slalom("predict --model m.safetensors --data " + std::string(data) + " --out m.csv --quiet").status, 65);
    const Outcome refused = check(std::string(data) + " m --expect-refusal refuse_missing_cells");
    EXPECT_EQ(refused.status, 0) << data << refused.out << refused.err;
  }
}

TEST_F(OnnxExport, ColumnNamesThatTheGraphItselfUses) {
  const std::string rows = "1,2,3,a,4,0.5\n2,1,5,b,3,1\n3,5,1,a,2,2\n4,2,2,b,1,0\n5,1,7,a,5,1.5\n";
  write("odd.csv", "prediction,features,,numbers.missing,layers.0.z,score\n" + rows);
  make("m", "--target score --valid-fraction 0", "odd.csv", "odd.csv");
  const Outcome run = check("odd.csv m");
  EXPECT_EQ(run.status, 0) << run.out << run.err;
  EXPECT_NE(run.out.find("outputs prediction_1\n"), std::string::npos) << run.out;
}

TEST_F(OnnxExport, TheCheckFindsWhatIsWrong) {
  make_mixed("m", "--target y");
  make_mixed("c", "--target kind --model softmax");
  const auto replaced = [this](const std::string& name, int line, const std::string& by) {
    std::istringstream in(read(name));
    std::string text, content;
    for (int i = 0; std::getline(in, text); ++i) content += (i == line ? by : text) + "\n";
    return content;
  };
  ASSERT_EQ(check("test.csv m c").status, 0);

  const std::string good = read("m.csv");
  std::istringstream lines(good);
  std::string first;
  std::getline(lines, first);
  std::getline(lines, first);
  std::ostringstream off;
  off.precision(17);
  off << std::stod(first) * (1.0 + 1e-5) + 1e-4;
  for (const std::string& by : {off.str(), std::string("nan")}) {
    write("m.csv", replaced("m.csv", 1, by));
    const Outcome run = check("test.csv m");
    EXPECT_EQ(run.status, 1) << by;
    EXPECT_NE(run.out.find("m: prediction: 1 of 300 values differ; first at (0, 0)"), std::string::npos) << run.out;
    write("m.csv", good);
  }

  write("c.csv", replaced("c.csv", 300, "elsewhere,0.2,0.3,0.5"));
  const Outcome label = check("test.csv c");
  EXPECT_EQ(label.status, 1);
  EXPECT_NE(label.out.find("row 299: found"), std::string::npos) << label.out;

  write("test.csv", mixed_csv(299, true));
  EXPECT_EQ(check("test.csv m").status, 1);
}

}  // namespace
}  // namespace slalom::testing
