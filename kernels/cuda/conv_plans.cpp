// A pass is described to cuDNN as a graph: the convolution and, behind it, addition of the bias and LeakyReLU as pointwise
// operations. cuDNN's heuristics list algorithms for it, the best first.
#include "kernels/cuda/conv_plans.h"

#include <deque>

#include "framework/core/log.h"
#include "kernels/cuda/plan_choice.h"

namespace cf::cuda {
namespace {

// The attributes of one kind of convolution.
struct PassNames {
  cudnnBackendDescriptorType_t operation;
  cudnnBackendAttributeName_t window, x, w, y, alpha, beta;
};

PassNames names_of(ConvPass pass) {
  switch (pass) {
    case ConvPass::forward:
      return {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA};
    case ConvPass::data:
      return {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA};
    case ConvPass::weights:
      return {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA};
  }
  fail("convolution: unknown pass {}", static_cast<int>(pass));
}

// A described pass. The parts stay until the plan is made, as cuDNN may look at them until then.
class ConvGraph {
 public:
  explicit ConvGraph(const ConvKey& key)
      : key_(key), shape_(describe_conv(key.g)), graph_(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR) {
    const CudnnDescriptor& x = tensor(ConvOperand::x, shape_.x);
    const CudnnDescriptor& w = tensor(ConvOperand::w, shape_.w);
    const CudnnDescriptor& y = tensor(ConvOperand::y, shape_.y);
    const bool leaky = key.leaky_slope != 1;
    const CudnnDescriptor& sum = key.bias || leaky ? between(ConvOperand::sum) : y;
    const CudnnDescriptor& biased = key.bias && leaky ? between(ConvOperand::biased) : key.bias ? y : sum;
    add_convolution(x, w, sum);
    if (key.bias) add_bias(sum, tensor(ConvOperand::bias, shape_.bias), biased);
    if (leaky) add_leaky(biased, y);
    graph_.set(CUDNN_ATTR_OPERATIONGRAPH_OPS, operations_).set(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, cudnn_handle()).finalize();
  }
  const CudnnDescriptor& descriptor() const { return graph_; }

 private:
  CudnnDescriptor& part(cudnnBackendDescriptorType_t type) { return parts_.emplace_back(type); }

  CudnnDescriptor& unfinished_tensor(ConvOperand id, const ConvTensor& t, cudnnDataType_t type, std::int64_t alignment) {
    return part(CUDNN_BACKEND_TENSOR_DESCRIPTOR)
        .set(CUDNN_ATTR_TENSOR_UNIQUE_ID, static_cast<std::int64_t>(id))
        .set(CUDNN_ATTR_TENSOR_DATA_TYPE, type)
        .set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, alignment)
        .set(CUDNN_ATTR_TENSOR_DIMENSIONS, t.extents)
        .set(CUDNN_ATTR_TENSOR_STRIDES, t.strides);
  }
  const CudnnDescriptor& tensor(ConvOperand id, const ConvTensor& t) {
    const auto type = key_.dtype == DType::bf16 ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT;
    return unfinished_tensor(id, t, type, key_.alignment).finalize();
  }
  // Between two operations a result is never written to memory and stays in f32.
  const CudnnDescriptor& between(ConvOperand id) {
    constexpr std::int64_t kAlignment = 16;
    return unfinished_tensor(id, shape_.y, CUDNN_DATA_FLOAT, kAlignment).set(CUDNN_ATTR_TENSOR_IS_VIRTUAL, true).finalize();
  }

  void add_convolution(const CudnnDescriptor& x, const CudnnDescriptor& w, const CudnnDescriptor& y) {
    const CudnnDescriptor& window = part(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR)
                                        .set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_DATA_FLOAT)
                                        .set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_CROSS_CORRELATION)
                                        .set(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, std::int64_t{2})
                                        .set(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, shape_.stride)
                                        .set(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, shape_.padding)
                                        .set(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, shape_.padding)
                                        .set(CUDNN_ATTR_CONVOLUTION_DILATIONS, shape_.dilation)
                                        .finalize();
    const PassNames names = names_of(key_.pass);
    operations_.push_back(&part(names.operation)
                               .set(names.window, window)
                               .set(names.x, x)
                               .set(names.w, w)
                               .set(names.y, y)
                               .set(names.alpha, 1.0F)
                               .set(names.beta, 0.0F)
                               .finalize());
  }

  CudnnDescriptor& pointwise(cudnnPointwiseMode_t mode) {
    return part(CUDNN_BACKEND_POINTWISE_DESCRIPTOR)
        .set(CUDNN_ATTR_POINTWISE_MODE, mode)
        .set(CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_DATA_FLOAT);
  }
  CudnnDescriptor& unfinished_step(const CudnnDescriptor& what, const CudnnDescriptor& from, const CudnnDescriptor& to) {
    return part(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR)
        .set(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, what)
        .set(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, from)
        .set(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, to);
  }
  void add_bias(const CudnnDescriptor& from, const CudnnDescriptor& bias, const CudnnDescriptor& to) {
    const CudnnDescriptor& add = pointwise(CUDNN_POINTWISE_ADD).finalize();
    operations_.push_back(&unfinished_step(add, from, to).set(CUDNN_ATTR_OPERATION_POINTWISE_BDESC, bias).finalize());
  }
  // A NaN must get through, so that a run that has gone astray shows.
  void add_leaky(const CudnnDescriptor& from, const CudnnDescriptor& to) {
    const CudnnDescriptor& leaky = pointwise(CUDNN_POINTWISE_RELU_FWD)
                                       .set(CUDNN_ATTR_POINTWISE_NAN_PROPAGATION, CUDNN_PROPAGATE_NAN)
                                       .set(CUDNN_ATTR_POINTWISE_RELU_LOWER_CLIP_SLOPE, key_.leaky_slope)
                                       .finalize();
    operations_.push_back(&unfinished_step(leaky, from, to).finalize());
  }

  const ConvKey& key_;
  ConvDescription shape_;
  std::deque<CudnnDescriptor> parts_;
  std::vector<const CudnnDescriptor*> operations_;
  CudnnDescriptor graph_;
};

NumericalNotes notes_of(const CudnnDescriptor& config) {
  const CudnnDescriptor engine = config.get_part(CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_BACKEND_ENGINE_DESCRIPTOR);
  NumericalNotes notes;
  for (const auto note :
       engine.get_all<cudnnBackendNumericalNote_t>(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_NUMERICAL_NOTE_TYPE_COUNT)) {
    notes.tensor_cores |= note == CUDNN_NUMERICAL_NOTE_TENSOR_CORE;
    notes.narrows_inputs |= note == CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS;
    notes.narrows_sums |= note == CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION;
    notes.varies |= note == CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC;
  }
  return notes;
}

// Plans that compute as asked to within the limit of working memory, at most `most`, the best first.
class Search {
 public:
  Search(const ConvKey& key, std::size_t most) : key_(key), most_(most) {}

  void look(const CudnnDescriptor& graph, cudnnBackendHeurMode_t mode) {
    if (plans_.size() >= most_) return;
    CudnnDescriptor heuristics(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
    heuristics.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph).set(CUDNN_ATTR_ENGINEHEUR_MODE, mode);
    status_ = heuristics.try_finalize();
    if (!succeeded(status_)) return;
    for (CudnnDescriptor& config : heuristics.get_parts(CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR)) {
      if (plans_.size() >= most_) return;
      consider(std::move(config));
    }
  }

  std::vector<ConvPlan>& plans() { return plans_; }
  // Why there are none.
  std::string reasons() const {
    return fmt::format(
        "{} algorithms were left out as they would round more or vary from run to run, {} as they need more than "
        "{} MiB of working memory, {} do not take these operands{}",
        inexact_, large_, key_.mode.workspace_limit >> 20U, refused_,
        succeeded(status_) ? "" : "; the last answer was " + describe(status_));
  }

 private:
  void consider(CudnnDescriptor config) {
    if (!is_exact_enough(notes_of(config), key_.dtype, key_.mode)) {
      ++inexact_;
      return;
    }
    CudnnDescriptor plan(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
    plan.set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, cudnn_handle()).set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, config);
    if (const cudnnStatus_t status = plan.try_finalize(); !succeeded(status)) {
      status_ = status;
      ++refused_;
      return;
    }
    const auto workspace = static_cast<std::size_t>(plan.get<std::int64_t>(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE));
    if (workspace > key_.mode.workspace_limit) {
      ++large_;
      return;
    }
    plans_.push_back({std::move(config), std::move(plan), workspace});
  }

  const ConvKey& key_;
  std::size_t most_;
  std::vector<ConvPlan> plans_;
  cudnnStatus_t status_ = CUDNN_STATUS_SUCCESS;
  int inexact_ = 0;
  int refused_ = 0;
  int large_ = 0;
};

std::string text_of(const ConvKey& key) {
  const ConvGeometry& g = key.g;
  constexpr std::array kNames = {"result", "gradient of x", "gradient of the weight"};
  return fmt::format("convolution ({}) of x {} with weight {}, stride {}, padding {}, dilation {}, {} groups, {}",
                     kNames[static_cast<std::size_t>(key.pass)], Shape{g.n, g.h, g.w, g.in}.str(),
                     Shape{g.out, g.kh, g.kw, g.group_in}.str(), g.stride, g.padding, g.dilation, g.groups, name_of(key.dtype));
}

std::optional<ConvPlan> find_plan(const ConvKey& key, const TimeConv& time, Search& search) {
  const ConvGraph graph(key);
  search.look(graph.descriptor(), CUDNN_HEUR_MODE_A);
  search.look(graph.descriptor(), CUDNN_HEUR_MODE_FALLBACK);
  std::vector<Suggestion> suggestions;
  for (const ConvPlan& p : search.plans()) {
    suggestions.push_back({p.workspace, time && search.plans().size() > 1 ? time(p) : -1});
  }
  const auto best = choose(suggestions, key.mode.workspace_limit);
  if (!best) return {};
  return std::move(search.plans()[*best]);
}

}  // namespace

std::optional<ConvPlan> make_conv_plan(const ConvKey& key, const TimeConv& time) {
  constexpr std::size_t kTimed = 5;
  Search search(key, time ? kTimed : 1);
  if (!key.bias && key.leaky_slope == 1) {
    std::optional<ConvPlan> plan = find_plan(key, time, search);
    check(plan.has_value(), "{}: cuDNN has no algorithm: {}", text_of(key), search.reasons());
    return plan;
  }
  // The plain convolution is the way out, and reports what is wrong where that fails, too.
  try {
    return find_plan(key, time, search);
  } catch (const Error& e) {
    log::info("{}: bias and LeakyReLU stay apart: {}", text_of(key), e.what());
    return {};
  }
}

}  // namespace cf::cuda
