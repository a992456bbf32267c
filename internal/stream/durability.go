package stream

import (
	"context"
	"fmt"

	"github.com/segmentio/kafka-go"
)

// Durability is what a topic's settings say about records that it has
// acknowledged.
type Durability struct {
	Partitions int
	Replicas   int    // of the partition that has the fewest
	MinInSync  string // min.insync.replicas; "": may not be read
	Unclean    string // unclean.leader.election.enable; "": may not be read
}

// Weakness says how acknowledged records can be lost although no more than one
// broker fails; "" if they cannot.
func (d Durability) Weakness() string {
	switch {
	case d.Replicas == 1:
		return "one replica: what its broker loses is lost; docs/operations.md asks for three"
	case d.MinInSync == "1":
		return "min.insync.replicas is 1: one broker may be the only one that has a record; docs/operations.md asks for 2"
	case d.Unclean == "true":
		return "unclean.leader.election.enable: a broker that lacks records may come to lead, and they are lost"
	}
	return ""
}

// Durabilities asks for those of some topics; one that does not exist is left
// out.
func (k *Kafka) Durabilities(ctx context.Context, topics ...string) (map[string]Durability, error) {
	ctx, cancel := context.WithTimeout(ctx, k.cfg.RequestTimeout)
	defer cancel()
	metadata, err := k.client.Metadata(ctx, &kafka.MetadataRequest{Topics: topics})
	if err != nil {
		return nil, classify(fmt.Errorf("describe kafka topics: %w", err), err)
	}
	found := map[string]Durability{}
	request := kafka.DescribeConfigsRequest{}
	for _, t := range metadata.Topics {
		if t.Error != nil {
			continue
		}
		d := Durability{Partitions: len(t.Partitions)}
		for i, p := range t.Partitions {
			if i == 0 || len(p.Replicas) < d.Replicas {
				d.Replicas = len(p.Replicas)
			}
		}
		found[t.Name] = d
		request.Resources = append(request.Resources, kafka.DescribeConfigRequestResource{
			ResourceType: kafka.ResourceTypeTopic, ResourceName: t.Name, ConfigNames: []string{"min.insync.replicas", "unclean.leader.election.enable"},
		})
	}
	response, err := k.client.DescribeConfigs(ctx, &request)
	if err != nil {
		return nil, classify(fmt.Errorf("read the settings of kafka topics: %w", err), err)
	}
	for _, r := range response.Resources {
		if r.Error != nil { // without the right to read them
			continue
		}
		d := found[r.ResourceName]
		for _, e := range r.ConfigEntries {
			switch e.ConfigName {
			case "min.insync.replicas":
				d.MinInSync = e.ConfigValue
			case "unclean.leader.election.enable":
				d.Unclean = e.ConfigValue
			}
		}
		found[r.ResourceName] = d
	}
	return found, nil
}
