// How this process was started: alone, or as one of several ranks.
#pragma once

#include <string>

namespace cf {

struct RankPlace {
  enum class Starter { none, cfrun, mpi };
  Starter starter = Starter::none;
  // As the environment says, before any group is open.
  int rank = 0;
  int size = 1;
  std::string variable;  // "OMPI_COMM_WORLD_SIZE=2", for messages: what it is known from
  std::string sockets;   // cfrun: the connections to the other ranks, socket_group.h
};

// Reads what mpirun, srun or cfrun leave in the environment of a process that they start. One rank of srun, or of another MPI
// than Open MPI, is a process by itself. Throws Error on values that are no numbers.
RankPlace rank_place();

// The environment variable by which cfrun tells a process that it is a rank: "rank/size:connections", socket_group.h.
constexpr const char* kRankVariable = "CF_RANK";

}  // namespace cf
