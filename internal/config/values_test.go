package config_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/watchglass/watchglass/internal/config"
)

func TestSecretIsNeverPrinted(t *testing.T) {
	const value = "hush-hush"
	holder := struct{ Secret config.Secret }{config.SecretOf(value)}
	printed := map[string]string{}
	for _, verb := range []string{"%s", "%v", "%+v", "%#v", "%q", "%x", "%d"} {
		printed[verb] = fmt.Sprintf(verb, holder.Secret) + fmt.Sprintf(verb, holder) + fmt.Sprintf(verb, &holder)
	}
	text, err := json.Marshal(holder)
	if err != nil {
		t.Fatal(err)
	}
	printed["json"] = string(text)
	for how, text := range printed {
		if strings.Contains(text, "hush") || strings.Contains(text, fmt.Sprintf("%x", value)) {
			t.Errorf("%s shows the secret: %s", how, text)
		}
		if !strings.Contains(text, "[hidden]") {
			t.Errorf("%s does not say [hidden]: %s", how, text)
		}
	}
}

func TestURLHidesWhatIsSecretInIt(t *testing.T) {
	u := config.URLOf("https://user:hush@hooks.example/path?token=hush")
	text, err := json.Marshal(u)
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{u.String(), fmt.Sprintf("%+v", u), fmt.Sprintf("%#v", struct{ U config.URL }{u}), string(text)} {
		if strings.Contains(shown, "hush") || !strings.Contains(shown, "hooks.example/path") {
			t.Errorf("shown as %s", shown)
		}
	}
}

func TestSizeAndDurationForms(t *testing.T) {
	for _, size := range []string{"8388608", "8192KiB", "8MiB"} {
		cfg, err := config.Parse("w.yaml", []byte("access: {budget_bytes: "+size+"}"))
		if err != nil {
			t.Fatal(err)
		}
		if got := cfg.Access.Budget.String(); got != "8MiB" {
			t.Errorf("%s is shown as %s", size, got)
		}
	}
	for _, wrong := range []string{"8 apples", "-1MiB", "9223372036854775807GiB", "1e7"} {
		if _, err := config.Parse("w.yaml", []byte("access: {budget_bytes: "+wrong+"}")); err == nil {
			t.Errorf("size %s is taken", wrong)
		}
	}
	for _, wrong := range []string{"1.5d", "-1d", "999999999d", "d"} {
		if _, err := config.Parse("w.yaml", []byte("access: {event_max_age: "+wrong+"}")); err == nil {
			t.Errorf("duration %s is taken", wrong)
		}
	}
}
