// cfrun fuse: a sharp multispectral raster from the rasters of PAN and MS.
#include "tools/cfrun/choice.h"
#include "tools/cfrun/command.h"
#include "tools/cfrun/launch.h"
#include "tools/cfrun/scene_job.h"
#include "tools/cfrun/session.h"

namespace cf {
namespace {

// Sides of the output's blocks. Smaller ones let scenes be streamed in flatter strips; COGs are read over networks.
constexpr std::int64_t kBlock = 256;
constexpr std::int64_t kCogBlock = 512;

struct FuseArguments {
  FuseOptions options;
  std::string max_memory = "2G";
  std::string nodata;
  std::string out_nodata;
  bool cog = false;
};

// The exit code of the ranks that were asked for, where this is not one of them.
std::optional<int> start(const FuseOptions& o) {
  RankRequest request{.ranks = o.ranks, .saves = true, .device = "cpu", .gpus = {}};
  if (o.ranks > 1 && !o.checkpoint.empty()) {
    const Experiment experiment = stored_experiment(o.checkpoint, o.overrides);
    request.device = experiment.device;
    request.gpus = experiment.gpus;
  }
  return start_ranks(request);
}

int run(FuseArguments a) {
  FuseOptions& o = a.options;
  o.max_memory = parse_bytes(a.max_memory, "--max-memory");
  if (a.nodata == "none") {
    o.nodata.ignore = true;
  } else if (!a.nodata.empty()) {
    o.nodata.input = parse_nodata(a.nodata, "--nodata");
  }
  if (!a.out_nodata.empty()) o.nodata.output = parse_nodata(a.out_nodata, "--out-nodata");
  if (a.cog) o.format.layout = Layout::cog;
  o.format.block = a.cog ? kCogBlock : kBlock;
  if (const std::optional<int> code = start(o)) return *code;
  return fuse_scene(o);
}

void add_method_options(CLI::App& command, FuseOptions& o) {
  command.add_option("--checkpoint", o.checkpoint, "of the network that fuses; classical methods need none");
  command.add_option("--method", o.method,
                     "exp, brovey, gsa, bt-h or mtf-glp-fs; cf2n, fusionnet and ssdiff come with their checkpoint (default)");
  command.add_option("--sensor", o.sensor, "whose MTF gains classical methods use: wv3, wv2, qb, ikonos, ge1, gf2, landsat");
  command.add_option("--weights", o.weights, "of the bands in Brovey's intensity, as 0.3,0.3,0.2,0.2 (default: equal)")
      ->delimiter(',');
  command.add_option("--set", o.overrides, "path.to.key=value: overrides a value of the checkpoint's configuration")
      ->allow_extra_args(false);
  add_device_option(command, o.overrides);
  add_choice<WeightChoice>(command, "--use-weights", o.weight_choice,
                           {{"auto", WeightChoice::automatic}, {"ema", WeightChoice::averaged}, {"live", WeightChoice::live}},
                           "of the checkpoint: auto (averaged ones where it has them), ema or live");
  add_choice<PooledStatistics>(command, "--stats", o.statistics,
                               {{"scene", PooledStatistics::scene}, {"window", PooledStatistics::window}},
                               "what CF2N's spectral attention pools over: the scene, or each window");
}

void add_scene_options(CLI::App& command, FuseArguments& a) {
  FuseOptions& o = a.options;
  command.add_option("--pan", o.pan, "raster of PAN")->required()->expected(1, 64);
  command.add_option("--ms", o.ms, "raster of MS, or several whose bands are taken in this order")->required()->expected(1, 4096);
  command.add_option("--bands", o.bands, "bands of MS to use, in this order, as 3,2,1,4 (default: all)")->delimiter(',');
  add_choice<Extent>(command, "--extent", o.align.extent,
                     {{"intersection", Extent::intersection}, {"pan", Extent::pan}, {"union", Extent::both}},
                     "what the output covers with PAN's pixels: intersection, pan or union");
  add_choice<Phase>(command, "--phase", o.align.phase, {{"centred", Phase::centred}, {"toolbox", Phase::toolbox}},
                    "where MS is interpolated: centred (by the geotransforms), or toolbox (half a PAN pixel off)");
  command.add_option("--bit-depth", o.bit_depth, "of the data: 8, 10, 11, 12, 16 or auto (default: the checkpoint's scale)");
  command.add_option("--scale", o.scale, "the digital number that becomes 1");
  command.add_option("--nodata", a.nodata,
                     "value of PAN and MS that means no data, instead of what the files say; none: no value does");
  command.add_option("--out-nodata", a.out_nodata, "value of the output that means no data");
  command.add_flag("--force", o.align.force, "fuse although the ratio or the scale is not what the method was made for");
}

void add_output_options(CLI::App& command, FuseArguments& a) {
  FuseOptions& o = a.options;
  command.add_option("-o,--out", o.output, "GeoTIFF to write")->required();
  command.add_option("--type", o.type, "of its samples: u8, u16, i16, u32, i32, f32 or f64 (default: that of MS)");
  add_choice<Compression>(
      command, "--compress", o.format.compression,
      {{"none", Compression::none}, {"deflate", Compression::deflate}, {"zstd", Compression::zstd}, {"lzw", Compression::lzw}},
      "deflate, zstd, lzw or none");
  command.add_flag("--cog", a.cog, "as a cloud-optimised GeoTIFF, with overviews");
  command.add_flag("--overviews", o.format.overviews, "with overviews");
  command.add_flag("--resume", o.resume, "go on with a run that was interrupted (networks; classical methods start anew)");
  command.add_option("--tile", o.tile, "side of the tiles that are computed at once (default: what suits method and memory)")
      ->check(CLI::Range(std::int64_t{16}, std::int64_t{1} << 20));
  command.add_option("--max-memory", a.max_memory, "that the program may take, as 2G or 512M");
  command.add_option("--threads", o.threads, "that compute (default: all)")->check(CLI::Range(1, 4096));
  add_ranks_option(command, o.ranks);
  command.add_option("--json", o.json, "write the summary to this file, too");
  command.add_option("--report", o.report, "write a page (HTML) with pictures to this file");
}

}  // namespace

void add_fuse(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("fuse", "Sharpen a scene: rasters of PAN and MS to a GeoTIFF");
  auto a = std::make_shared<FuseArguments>();
  add_method_options(*command, a->options);
  add_scene_options(*command, *a);
  add_output_options(*command, *a);
  command->callback([a, &action] { action = [a] { return run(*a); }; });
}

}  // namespace cf
