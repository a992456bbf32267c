package config_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/watchglass/watchglass/internal/config"
)

// The configurations under deploy/ are valid, but for the secrets, which are
// where they will run.
func TestDeployedConfigurations(t *testing.T) {
	texts := map[string]string{"compose": read(t, "../../deploy/compose/watchglass.yaml")}
	var configMap struct {
		Data map[string]string `yaml:"data"`
	}
	if err := yaml.NewDecoder(strings.NewReader(read(t, "../../deploy/kubernetes/watchglass.yaml"))).Decode(&configMap); err != nil {
		t.Fatal(err)
	}
	texts["kubernetes"] = configMap.Data["watchglass.yaml"]
	for name, text := range texts {
		if text == "" {
			t.Errorf("%s: no configuration found", name)
		}
		_, err := config.Parse(name+".yaml", []byte(text))
		var problems config.Problems
		if !errors.As(err, &problems) {
			t.Errorf("%s: got %v, want its secrets to be missing here", name, err)
		}
		for _, p := range problems {
			if !strings.HasPrefix(p.Message, "read secret: ") {
				t.Error(p)
			}
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
