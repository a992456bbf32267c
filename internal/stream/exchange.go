package stream

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// exchange carries a request of a newer version than kafka-go has types for
// over kafka-go's connections: fetches by a topic's id, and what the broker
// says of each batch, need it. It is for one use.
type exchange struct {
	kafka    *Kafka
	broker   int32 // anyBroker: whichever there is a connection to
	most     int16 // highest version wanted
	request  kmsg.Request
	response kmsg.Response
}

const (
	anyBroker = -1
	// responseMost is more than a broker ever answers: the lengths of Kafka's
	// own arrays end there.
	responseMost = 1<<31 - 1
)

var (
	_ protocol.RawExchanger  = (*exchange)(nil)
	_ protocol.BrokerMessage = (*exchange)(nil)
)

// exchange sends a request to a broker, in the highest version that both sides
// know and that is no higher than most.
func (k *Kafka) exchange(ctx context.Context, broker int32, most int16, request kmsg.Request) (kmsg.Response, error) {
	e := &exchange{kafka: k, broker: broker, most: most, request: request}
	if _, err := k.client.Transport.RoundTrip(ctx, k.client.Addr, e); err != nil {
		return nil, err
	}
	return e.response, nil
}

// ApiKey implements protocol.Message.
func (e *exchange) ApiKey() protocol.ApiKey { return protocol.ApiKey(e.request.Key()) }

// Required implements protocol.RawExchanger.
func (e *exchange) Required(map[protocol.ApiKey]int16) bool { return true }

// Broker implements protocol.BrokerMessage.
func (e *exchange) Broker(cluster protocol.Cluster) (protocol.Broker, error) {
	if e.broker == anyBroker {
		for _, b := range cluster.Brokers {
			return b, nil
		}
	}
	b, ok := cluster.Brokers[e.broker]
	if !ok {
		return protocol.Broker{}, fmt.Errorf("%w: broker %d is not there now", kafka.BrokerNotAvailable, e.broker)
	}
	return b, nil
}

// RawExchange implements protocol.RawExchanger.
func (e *exchange) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	known, err := e.version(rw)
	if err != nil {
		return nil, err
	}
	e.request.SetVersion(min(known, e.most))
	e.response, err = roundTrip(rw, e.kafka.cfg.ClientID, e.request)
	return e, err
}

// version is the highest one of the request that the broker knows; each broker
// is asked once.
func (e *exchange) version(rw io.ReadWriter) (int16, error) {
	type question struct {
		broker int32
		key    int16
	}
	q := question{e.broker, e.request.Key()}
	if known, ok := e.kafka.versions.Load(q); ok && e.broker != anyBroker {
		return known.(int16), nil
	}
	answer, err := roundTrip(rw, e.kafka.cfg.ClientID, kmsg.NewPtrApiVersionsRequest())
	if err != nil {
		return 0, err
	}
	versions := answer.(*kmsg.ApiVersionsResponse)
	if versions.ErrorCode != 0 {
		return 0, kafka.Error(versions.ErrorCode)
	}
	for _, key := range versions.ApiKeys {
		if key.ApiKey == q.key {
			e.kafka.versions.Store(q, key.MaxVersion)
			return key.MaxVersion, nil
		}
	}
	return 0, fmt.Errorf("the broker does not know requests of kind %d", q.key)
}

// roundTrip writes a request and reads its response. The response keeps parts
// of the memory that was read.
func roundTrip(rw io.ReadWriter, clientID string, request kmsg.Request) (kmsg.Response, error) {
	const id = 1 // answers come in the order of requests
	var options []kmsg.RequestFormatterOpt
	if clientID != "" {
		options = append(options, kmsg.FormatterClientID(clientID))
	}
	if _, err := rw.Write(kmsg.NewRequestFormatter(options...).AppendRequest(nil, request, id)); err != nil {
		return nil, err
	}
	var header [8]byte // length of what follows, and the id
	if _, err := io.ReadFull(rw, header[:]); err != nil {
		return nil, err
	}
	length := int64(binary.BigEndian.Uint32(header[:]))
	if length < 4 || length > responseMost || binary.BigEndian.Uint32(header[4:]) != id {
		return nil, errors.New("the broker's answer is not one of Kafka's")
	}
	body := make([]byte, length-4)
	if _, err := io.ReadFull(rw, body); err != nil {
		return nil, err
	}
	response := request.ResponseKind()
	if response.IsFlexible() && response.Key() != int16(protocol.ApiVersions) {
		var err error
		if body, err = skipTags(body); err != nil {
			return nil, err
		}
	}
	if err := response.ReadFrom(body); err != nil {
		return nil, fmt.Errorf("read the broker's answer: %w", err)
	}
	return response, nil
}

// skipTags passes over the tagged fields of a response's header; there are none
// today.
func skipTags(body []byte) ([]byte, error) {
	next := func() (uint64, bool) {
		v, n := binary.Uvarint(body)
		if n <= 0 {
			return 0, false
		}
		body = body[n:]
		return v, true
	}
	tags, ok := next()
	for ; ok && tags > 0; tags-- {
		var size uint64
		if _, ok = next(); ok {
			size, ok = next()
		}
		if ok = ok && size <= uint64(len(body)); ok {
			body = body[size:]
		}
	}
	if !ok {
		return nil, errors.New("the header of the broker's answer cannot be read")
	}
	return body, nil
}
