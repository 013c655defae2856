package io.capstan.node.raft;

import java.util.HashMap;
import java.util.Map;

/** The votes of one election or pre-election. The first answer of a voter counts. */
final class Campaign {
  private final Configuration configuration;
  private final long campaignTerm;
  private final Map<String, Boolean> votes = new HashMap<>();

  Campaign(Configuration configuration, long campaignTerm) {
    this.configuration = configuration;
    this.campaignTerm = campaignTerm;
  }

  long campaignTerm() {
    return campaignTerm;
  }

  Configuration.Tally record(String voter, boolean granted) {
    if (configuration.isVoter(voter)) {
      votes.putIfAbsent(voter, granted);
    }
    return configuration.tally(this::voteOf);
  }

  private Configuration.Vote voteOf(String voter) {
    Boolean granted = votes.get(voter);
    if (granted == null) {
      return Configuration.Vote.UNKNOWN;
    }
    return granted ? Configuration.Vote.GRANTED : Configuration.Vote.REFUSED;
  }
}
