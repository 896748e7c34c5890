class Gn{addEventListener(){}removeEventListener(){}dispatchEvent(){return!0}}class qn extends Gn{}class _n extends qn{constructor(){super(...arguments),this.role=null}}class es{observe(){}unobserve(){}disconnect(){}}const Yn={createElement:function(){return new Pt.HTMLElement},createElementNS:function(){return new Pt.HTMLElement},addEventListener(){},removeEventListener(){},dispatchEvent(t){return!1}},Pt={ResizeObserver:es,document:Yn,Node:qn,Element:_n,HTMLElement:class extends _n{constructor(){super(...arguments),this.innerHTML=""}get content(){return new Pt.DocumentFragment}},DocumentFragment:class extends Gn{},customElements:{get:function(){},define:function(){},whenDefined:function(){}},localStorage:{getItem(t){return null},setItem(t,e){},removeItem(t){}},CustomEvent:function(){},getComputedStyle:function(){},navigator:{languages:[],get userAgent(){return""}},matchMedia(t){return{matches:!1,media:t}},DOMParser:class{parseFromString(e,i){return{body:{textContent:e}}}}},Qn="global"in globalThis&&globalThis?.global===globalThis||typeof window>"u"||typeof window.customElements>"u",zn=Object.keys(Pt).every(t=>t in globalThis),d=Qn&&!zn?Pt:globalThis,G=Qn&&!zn?Yn:globalThis.document,v={MEDIA_PLAY_REQUEST:"mediaplayrequest",MEDIA_PAUSE_REQUEST:"mediapauserequest",MEDIA_MUTE_REQUEST:"mediamuterequest",MEDIA_UNMUTE_REQUEST:"mediaunmuterequest",MEDIA_LOOP_REQUEST:"medialooprequest",MEDIA_VOLUME_REQUEST:"mediavolumerequest",MEDIA_SEEK_REQUEST:"mediaseekrequest",MEDIA_AIRPLAY_REQUEST:"mediaairplayrequest",MEDIA_ENTER_FULLSCREEN_REQUEST:"mediaenterfullscreenrequest",MEDIA_EXIT_FULLSCREEN_REQUEST:"mediaexitfullscreenrequest",MEDIA_PREVIEW_REQUEST:"mediapreviewrequest",MEDIA_ENTER_PIP_REQUEST:"mediaenterpiprequest",MEDIA_EXIT_PIP_REQUEST:"mediaexitpiprequest",MEDIA_ENTER_CAST_REQUEST:"mediaentercastrequest",MEDIA_EXIT_CAST_REQUEST:"mediaexitcastrequest",MEDIA_SHOW_TEXT_TRACKS_REQUEST:"mediashowtexttracksrequest",MEDIA_HIDE_TEXT_TRACKS_REQUEST:"mediahidetexttracksrequest",MEDIA_SHOW_SUBTITLES_REQUEST:"mediashowsubtitlesrequest",MEDIA_DISABLE_SUBTITLES_REQUEST:"mediadisablesubtitlesrequest",MEDIA_TOGGLE_SUBTITLES_REQUEST:"mediatogglesubtitlesrequest",MEDIA_PLAYBACK_RATE_REQUEST:"mediaplaybackraterequest",MEDIA_RENDITION_REQUEST:"mediarenditionrequest",MEDIA_AUDIO_TRACK_REQUEST:"mediaaudiotrackrequest",MEDIA_SEEK_TO_LIVE_REQUEST:"mediaseektoliverequest",REGISTER_MEDIA_STATE_RECEIVER:"registermediastatereceiver",UNREGISTER_MEDIA_STATE_RECEIVER:"unregistermediastatereceiver"},w={MEDIA_CHROME_ATTRIBUTES:"mediachromeattributes",MEDIA_CONTROLLER:"mediacontroller"},Xn={MEDIA_AIRPLAY_UNAVAILABLE:"mediaAirplayUnavailable",MEDIA_AUDIO_TRACK_ENABLED:"mediaAudioTrackEnabled",MEDIA_AUDIO_TRACK_LIST:"mediaAudioTrackList",MEDIA_AUDIO_TRACK_UNAVAILABLE:"mediaAudioTrackUnavailable",MEDIA_BUFFERED:"mediaBuffered",MEDIA_CAST_UNAVAILABLE:"mediaCastUnavailable",MEDIA_CHAPTERS_CUES:"mediaChaptersCues",MEDIA_CURRENT_TIME:"mediaCurrentTime",MEDIA_DURATION:"mediaDuration",MEDIA_ENDED:"mediaEnded",MEDIA_ERROR:"mediaError",MEDIA_ERROR_CODE:"mediaErrorCode",MEDIA_ERROR_MESSAGE:"mediaErrorMessage",MEDIA_FULLSCREEN_UNAVAILABLE:"mediaFullscreenUnavailable",MEDIA_HAS_PLAYED:"mediaHasPlayed",MEDIA_HEIGHT:"mediaHeight",MEDIA_IS_AIRPLAYING:"mediaIsAirplaying",MEDIA_IS_CASTING:"mediaIsCasting",MEDIA_IS_FULLSCREEN:"mediaIsFullscreen",MEDIA_IS_PIP:"mediaIsPip",MEDIA_LOADING:"mediaLoading",MEDIA_MUTED:"mediaMuted",MEDIA_LOOP:"mediaLoop",MEDIA_PAUSED:"mediaPaused",MEDIA_PIP_UNAVAILABLE:"mediaPipUnavailable",MEDIA_PLAYBACK_RATE:"mediaPlaybackRate",MEDIA_PREVIEW_CHAPTER:"mediaPreviewChapter",MEDIA_PREVIEW_COORDS:"mediaPreviewCoords",MEDIA_PREVIEW_IMAGE:"mediaPreviewImage",MEDIA_PREVIEW_TIME:"mediaPreviewTime",MEDIA_RENDITION_LIST:"mediaRenditionList",MEDIA_RENDITION_SELECTED:"mediaRenditionSelected",MEDIA_RENDITION_UNAVAILABLE:"mediaRenditionUnavailable",MEDIA_SEEKABLE:"mediaSeekable",MEDIA_STREAM_TYPE:"mediaStreamType",MEDIA_SUBTITLES_LIST:"mediaSubtitlesList",MEDIA_SUBTITLES_SHOWING:"mediaSubtitlesShowing",MEDIA_TARGET_LIVE_WINDOW:"mediaTargetLiveWindow",MEDIA_TIME_IS_LIVE:"mediaTimeIsLive",MEDIA_VOLUME:"mediaVolume",MEDIA_VOLUME_LEVEL:"mediaVolumeLevel",MEDIA_VOLUME_UNAVAILABLE:"mediaVolumeUnavailable",MEDIA_LANG:"mediaLang",MEDIA_WIDTH:"mediaWidth"},Zn=Object.entries(Xn),o=Zn.reduce((t,[e,i])=>(t[e]=i.toLowerCase(),t),{}),ts={USER_INACTIVE_CHANGE:"userinactivechange",BREAKPOINTS_CHANGE:"breakpointchange",BREAKPOINTS_COMPUTED:"breakpointscomputed"},ct=Zn.reduce((t,[e,i])=>(t[e]=i.toLowerCase(),t),{...ts});Object.entries(ct).reduce((t,[e,i])=>{const a=o[e];return a&&(t[i]=a),t},{userinactivechange:"userinactive"});const is=Object.entries(o).reduce((t,[e,i])=>{const a=ct[e];return a&&(t[i]=a),t},{userinactive:"userinactivechange"}),ve={SUBTITLES:"subtitles",CAPTIONS:"captions",CHAPTERS:"chapters",METADATA:"metadata"},lt={DISABLED:"disabled",SHOWING:"showing"},Qi={MOUSE:"mouse",PEN:"pen",TOUCH:"touch"},z={UNAVAILABLE:"unavailable",UNSUPPORTED:"unsupported"},Ee={LIVE:"live",ON_DEMAND:"on-demand",UNKNOWN:"unknown"},as={FULLSCREEN:"fullscreen"},gn=new WeakMap,Ta=t=>{let e=gn.get(t);return e||gn.set(t,e=new Set),e},Jn=new d.ResizeObserver(t=>{for(const e of t)for(const i of Ta(e.target))i(e)});function jn(t,e){Ta(t).add(e),Jn.observe(t)}function er(t,e){const i=Ta(t);i.delete(e),i.size||Jn.unobserve(t)}function Ae(t){const e={};for(const i of t)e[i.name]=i.value;return e}function ns(t){var e;return(e=rs(t))!=null?e:Bt(t,"media-controller")}function rs(t){var e;const{MEDIA_CONTROLLER:i}=w,a=t.getAttribute(i);if(a)return(e=ss(t))==null?void 0:e.getElementById(a)}const mt=(t,e)=>!t||!e?!1:t?.contains(e)?!0:mt(t,e.getRootNode().host),Bt=(t,e)=>{if(!t)return null;const i=t.closest(e);return i||Bt(t.getRootNode().host,e)};function tr(t=document){var e;const i=t?.activeElement;return i?(e=tr(i.shadowRoot))!=null?e:i:null}function ss(t){var e;const i=(e=t?.getRootNode)==null?void 0:e.call(t);return i instanceof ShadowRoot||i instanceof Document?i:null}function ir(t,{depth:e=3,checkOpacity:i=!0,checkVisibilityCSS:a=!0}={}){if(t.checkVisibility)return t.checkVisibility({checkOpacity:i,checkVisibilityCSS:a});let n=t;for(;n&&e>0;){const r=getComputedStyle(n);if(i&&r.opacity==="0"||a&&r.visibility==="hidden"||r.display==="none")return!1;n=n.parentElement,e--}return!0}function os(t,e,i,a){const n=a.x-i.x,r=a.y-i.y,s=n*n+r*r;if(s===0)return 0;const l=((t-i.x)*n+(e-i.y)*r)/s;return Math.max(0,Math.min(1,l))}function B(t,e){const i=ls(t,a=>a===e);return i||ar(t,e)}function ls(t,e){var i,a;let n;for(n of(i=t.querySelectorAll("style:not([media])"))!=null?i:[]){let r;try{r=(a=n.sheet)==null?void 0:a.cssRules}catch{continue}for(const s of r??[])if(e(s.selectorText))return s}}function ar(t,e){var i,a;const n=(i=t.querySelectorAll("style:not([media])"))!=null?i:[],r=n?.[n.length-1];if(!r?.sheet)return console.warn("Media Chrome: No style sheet found on style tag of",t),{style:{setProperty:()=>{},removeProperty:()=>"",getPropertyValue:()=>""}};const s=r?.sheet.insertRule(`${e}{}`,r.sheet.cssRules.length);return(a=r.sheet.cssRules)==null?void 0:a[s]}function Ce(t,e,i=Number.NaN){const a=t.getAttribute(e);return a!=null?+a:i}function Oe(t,e,i){const a=+i;if(i==null||Number.isNaN(a)){t.hasAttribute(e)&&t.removeAttribute(e);return}Ce(t,e,void 0)!==a&&t.setAttribute(e,`${a}`)}function D(t,e){return t.hasAttribute(e)}function C(t,e,i){if(i==null){t.hasAttribute(e)&&t.removeAttribute(e);return}D(t,e)!=i&&t.toggleAttribute(e,i)}function Y(t,e,i=null){var a;return(a=t.getAttribute(e))!=null?a:i}function q(t,e,i){if(i==null){t.hasAttribute(e)&&t.removeAttribute(e);return}const a=`${i}`;Y(t,e,void 0)!==a&&t.setAttribute(e,a)}var nr=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},ie=(t,e,i)=>(nr(t,e,"read from private field"),i?i.call(t):e.get(t)),ds=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},qt=(t,e,i,a)=>(nr(t,e,"write to private field"),e.set(t,i),i),W;function cs(t){return`
    <style nonce="${d.vidpipeNonce}">
      :host {
        display: var(--media-control-display, var(--media-gesture-receiver-display, inline-block));
        box-sizing: border-box;
      }
    </style>
  `}class Fi extends d.HTMLElement{constructor(){if(super(),ds(this,W,void 0),!this.shadowRoot){this.attachShadow(this.constructor.shadowRootOptions);const e=Ae(this.attributes);this.shadowRoot.innerHTML=this.constructor.getTemplateHTML(e)}}static get observedAttributes(){return[w.MEDIA_CONTROLLER,o.MEDIA_PAUSED]}attributeChangedCallback(e,i,a){var n,r,s,l,c;e===w.MEDIA_CONTROLLER&&(i&&((r=(n=ie(this,W))==null?void 0:n.unassociateElement)==null||r.call(n,this),qt(this,W,null)),a&&this.isConnected&&(qt(this,W,(s=this.getRootNode())==null?void 0:s.getElementById(a)),(c=(l=ie(this,W))==null?void 0:l.associateElement)==null||c.call(l,this)))}connectedCallback(){var e,i;this.tabIndex=-1,this.setAttribute("aria-hidden","true"),qt(this,W,us(this)),this.getAttribute(w.MEDIA_CONTROLLER)&&((i=(e=ie(this,W))==null?void 0:e.associateElement)==null||i.call(e,this)),ie(this,W)&&(ie(this,W).addEventListener("pointerdown",this),ie(this,W).addEventListener("click",this),ie(this,W).hasAttribute("tabindex")||(ie(this,W).tabIndex=0))}disconnectedCallback(){var e,i,a,n;this.getAttribute(w.MEDIA_CONTROLLER)&&((i=(e=ie(this,W))==null?void 0:e.unassociateElement)==null||i.call(e,this)),(a=ie(this,W))==null||a.removeEventListener("pointerdown",this),(n=ie(this,W))==null||n.removeEventListener("click",this),qt(this,W,null)}handleEvent(e){var i;const a=(i=e.composedPath())==null?void 0:i[0];if(["video","media-controller"].includes(a?.localName)){if(e.type==="pointerdown")this._pointerType=e.pointerType;else if(e.type==="click"){const{clientX:r,clientY:s}=e,{left:l,top:c,width:A,height:T}=this.getBoundingClientRect(),g=r-l,E=s-c;if(g<0||E<0||g>A||E>T||A===0&&T===0)return;const h=this._pointerType||"mouse";if(this._pointerType=void 0,h===Qi.TOUCH){this.handleTap(e);return}else if(h===Qi.MOUSE||h===Qi.PEN){this.handleMouseClick(e);return}}}}get mediaPaused(){return D(this,o.MEDIA_PAUSED)}set mediaPaused(e){C(this,o.MEDIA_PAUSED,e)}handleTap(e){}handleMouseClick(e){const i=this.mediaPaused?v.MEDIA_PLAY_REQUEST:v.MEDIA_PAUSE_REQUEST;this.dispatchEvent(new d.CustomEvent(i,{composed:!0,bubbles:!0}))}}W=new WeakMap;Fi.shadowRootOptions={mode:"open"};Fi.getTemplateHTML=cs;function us(t){var e;const i=t.getAttribute(w.MEDIA_CONTROLLER);return i?(e=t.getRootNode())==null?void 0:e.getElementById(i):Bt(t,"media-controller")}d.customElements.get("media-gesture-receiver")||d.customElements.define("media-gesture-receiver",Fi);var bn=Fi;const hs={"Start airplay":"Start airplay","Stop airplay":"Stop airplay",Audio:"Audio",Captions:"Captions","Enable captions":"Enable captions","Disable captions":"Disable captions","Start casting":"Start casting","Stop casting":"Stop casting","Enter fullscreen mode":"Enter fullscreen mode","Exit fullscreen mode":"Exit fullscreen mode",Mute:"Mute",Unmute:"Unmute",Loop:"Loop","Enter picture in picture mode":"Enter picture in picture mode","Exit picture in picture mode":"Exit picture in picture mode",Play:"Play",Pause:"Pause","Playback rate":"Playback rate","Playback rate {playbackRate}":"Playback rate {playbackRate}",Quality:"Quality","Seek backward":"Seek backward","Seek forward":"Seek forward",Settings:"Settings",Auto:"Auto","audio player":"audio player","video player":"video player",volume:"volume",seek:"seek","closed captions":"closed captions","current playback rate":"current playback rate","playback time":"playback time","media loading":"media loading",settings:"settings","audio tracks":"audio tracks",quality:"quality",play:"play",pause:"pause",mute:"mute",unmute:"unmute","chapter: {chapterName}":"chapter: {chapterName}",live:"live",Off:"Off","start airplay":"start airplay","stop airplay":"stop airplay","start casting":"start casting","stop casting":"stop casting","enter fullscreen mode":"enter fullscreen mode","exit fullscreen mode":"exit fullscreen mode","enter picture in picture mode":"enter picture in picture mode","exit picture in picture mode":"exit picture in picture mode","seek to live":"seek to live","playing live":"playing live","seek back {seekOffset} seconds":"seek back {seekOffset} seconds","seek forward {seekOffset} seconds":"seek forward {seekOffset} seconds","Network Error":"Network Error","Decode Error":"Decode Error","Source Not Supported":"Source Not Supported","Encryption Error":"Encryption Error","A network error caused the media download to fail.":"A network error caused the media download to fail.","A media error caused playback to be aborted. The media could be corrupt or your browser does not support this format.":"A media error caused playback to be aborted. The media could be corrupt or your browser does not support this format.","An unsupported error occurred. The server or network failed, or your browser does not support this format.":"An unsupported error occurred. The server or network failed, or your browser does not support this format.","The media is encrypted and there are no keys to decrypt it.":"The media is encrypted and there are no keys to decrypt it.",hour:"hour",hours:"hours",minute:"minute",minutes:"minutes",second:"second",seconds:"seconds","{time} remaining":"{time} remaining","{currentTime} of {totalTime}":"{currentTime} of {totalTime}","video not loaded, unknown time.":"video not loaded, unknown time."};var Tn;const Dt={en:hs};let dt=((Tn=globalThis.navigator)==null?void 0:Tn.language)||"en";const ms=t=>{dt=t},ps=t=>{var e,i,a;const[n]=dt.split("-");return((e=Dt[dt])==null?void 0:e[t])||((i=Dt[n])==null?void 0:i[t])||((a=Dt.en)==null?void 0:a[t])||t},Es=()=>{const[t]=dt.split("-");return Dt[dt]?dt:Dt[t]?t:"en"},L=(t,e={})=>ps(t).replace(/\{(\w+)\}/g,(i,a)=>a in e?String(e[a]):`{${a}}`);var Aa=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},O=(t,e,i)=>(Aa(t,e,"read from private field"),i?i.call(t):e.get(t)),K=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},ae=(t,e,i,a)=>(Aa(t,e,"write to private field"),e.set(t,i),i),oe=(t,e,i)=>(Aa(t,e,"access private method"),i),Tt,Ii,Ye,ut,st,zi,Qe,ai,Xi,rr,Zi,sr,xt,Hi,Wi,Sa,ht,Nt,ke,ni;const f={AUDIO:"audio",AUTOHIDE:"autohide",BREAKPOINTS:"breakpoints",GESTURES_DISABLED:"gesturesdisabled",KEYBOARD_CONTROL:"keyboardcontrol",NO_AUTOHIDE:"noautohide",USER_INACTIVE:"userinactive",AUTOHIDE_OVER_CONTROLS:"autohideovercontrols"};function vs(t){return`
    <style nonce="${d.vidpipeNonce}">
      
      :host([${o.MEDIA_IS_FULLSCREEN}]) ::slotted([slot=media]) {
        outline: none;
      }

      :host {
        box-sizing: border-box;
        position: relative;
        display: inline-block;
        line-height: 0;
        background-color: var(--media-background-color, #000);
        overflow: hidden;
      }

      :host(:not([${f.AUDIO}])) [part~=layer]:not([part~=media-layer]) {
        position: absolute;
        top: 0;
        left: 0;
        bottom: 0;
        right: 0;
        display: flex;
        flex-flow: column nowrap;
        align-items: start;
        pointer-events: none;
        background: none;
      }

      slot[name=media] {
        display: var(--media-slot-display, contents);
      }

      
      :host([${f.AUDIO}]) slot[name=media] {
        display: var(--media-slot-display, none);
      }

      
      :host([${f.AUDIO}]) [part~=layer][part~=gesture-layer] {
        height: 0;
        display: block;
      }

      
      :host(:not([${f.AUDIO}])[${f.GESTURES_DISABLED}]) ::slotted([slot=gestures-chrome]),
          :host(:not([${f.AUDIO}])[${f.GESTURES_DISABLED}]) media-gesture-receiver[slot=gestures-chrome] {
        display: none;
      }

      
      ::slotted(:not([slot=media]):not([slot=poster]):not(media-loading-indicator):not([role=dialog]):not([hidden])) {
        pointer-events: auto;
      }

      :host(:not([${f.AUDIO}])) *[part~=layer][part~=centered-layer] {
        align-items: center;
        justify-content: center;
      }

      :host(:not([${f.AUDIO}])) ::slotted(media-gesture-receiver[slot=gestures-chrome]),
      :host(:not([${f.AUDIO}])) media-gesture-receiver[slot=gestures-chrome] {
        align-self: stretch;
        flex-grow: 1;
      }

      slot[name=middle-chrome] {
        display: inline;
        flex-grow: 1;
        pointer-events: none;
        background: none;
      }

      
      ::slotted([slot=media]),
      ::slotted([slot=poster]) {
        width: 100%;
        height: 100%;
      }

      
      :host(:not([${f.AUDIO}])) .spacer {
        flex-grow: 1;
      }

      
      :host(:-webkit-full-screen) {
        
        width: 100% !important;
        height: 100% !important;
      }

      
      ::slotted(:not([slot=media]):not([slot=poster]):not([${f.NO_AUTOHIDE}]):not([hidden]):not([role=dialog])) {
        opacity: 1;
        transition: var(--media-control-transition-in, opacity 0.25s);
      }

      
      :host([${f.USER_INACTIVE}]:not([${o.MEDIA_PAUSED}]):not([${o.MEDIA_IS_AIRPLAYING}]):not([${o.MEDIA_IS_CASTING}]):not([${f.AUDIO}])) ::slotted(:not([slot=media]):not([slot=poster]):not([${f.NO_AUTOHIDE}]):not([role=dialog])) {
        opacity: 0;
        transition: var(--media-control-transition-out, opacity 1s);
      }

      :host([${f.USER_INACTIVE}]:not([${f.NO_AUTOHIDE}]):not([${o.MEDIA_PAUSED}]):not([${o.MEDIA_IS_CASTING}]):not([${f.AUDIO}])) ::slotted([slot=media]) {
        cursor: none;
      }

      :host([${f.USER_INACTIVE}][${f.AUTOHIDE_OVER_CONTROLS}]:not([${f.NO_AUTOHIDE}]):not([${o.MEDIA_PAUSED}]):not([${o.MEDIA_IS_CASTING}]):not([${f.AUDIO}])) * {
        --media-cursor: none;
        cursor: none;
      }


      ::slotted(media-control-bar)  {
        align-self: stretch;
      }

      
      
      :host(:not([${f.AUDIO}])[${o.MEDIA_HAS_PLAYED}]) slot[name=poster],
      :host(:not([${f.AUDIO}])[${o.MEDIA_STREAM_TYPE}="${Ee.ON_DEMAND}"][${o.MEDIA_CURRENT_TIME}]:not([${o.MEDIA_CURRENT_TIME}="0"])) slot[name=poster] {
        display: none;
      }

      ::slotted([role=dialog]) {
        width: 100%;
        height: 100%;
        align-self: center;
      }

      ::slotted([role=menu]) {
        align-self: end;
      }
    </style>

    <slot name="media" part="layer media-layer"></slot>
    <slot name="poster" part="layer poster-layer"></slot>
    <slot name="gestures-chrome" part="layer gesture-layer">
      <media-gesture-receiver slot="gestures-chrome">
        <template shadowrootmode="${bn.shadowRootOptions.mode}">
          ${bn.getTemplateHTML({})}
        </template>
      </media-gesture-receiver>
    </slot>
    <span part="layer vertical-layer">
      <slot name="top-chrome" part="top chrome"></slot>
      <slot name="middle-chrome" part="middle chrome"></slot>
      <slot name="centered-chrome" part="layer centered-layer center centered chrome"></slot>
      
      <slot part="bottom chrome"></slot>
    </span>
    <slot name="dialog" part="layer dialog-layer"></slot>
  `}const fs=Object.values(o),_s="sm:384 md:576 lg:768 xl:960";function gs(t){or(t.target,t.contentRect.width)}function or(t,e){var i;if(!t.isConnected)return;const a=(i=t.getAttribute(f.BREAKPOINTS))!=null?i:_s,n=bs(a),r=Ts(n,e);let s=!1;if(Object.keys(n).forEach(l=>{if(r.includes(l)){t.hasAttribute(`breakpoint${l}`)||(t.setAttribute(`breakpoint${l}`,""),s=!0);return}t.hasAttribute(`breakpoint${l}`)&&(t.removeAttribute(`breakpoint${l}`),s=!0)}),s){const l=new CustomEvent(ct.BREAKPOINTS_CHANGE,{detail:r});t.dispatchEvent(l)}t.breakpointsComputed||(t.breakpointsComputed=!0,t.dispatchEvent(new CustomEvent(ct.BREAKPOINTS_COMPUTED,{bubbles:!0,composed:!0})))}function bs(t){const e=t.split(/\s+/);return Object.fromEntries(e.map(i=>i.split(":")))}function Ts(t,e){return Object.keys(t).filter(i=>e>=parseInt(t[i]))}class Bi extends d.HTMLElement{constructor(){if(super(),K(this,Xi),K(this,Zi),K(this,xt),K(this,Wi),K(this,ht),K(this,Tt,void 0),K(this,Ii,0),K(this,Ye,null),K(this,ut,null),K(this,st,void 0),this.breakpointsComputed=!1,K(this,zi,e=>{const i=this.media;for(const a of e){if(a.type!=="childList")continue;const n=a.removedNodes;for(const r of n){if(r.slot!="media"||a.target!=this)continue;let s=a.previousSibling&&a.previousSibling.previousElementSibling;if(!s||!i)this.mediaUnsetCallback(r);else{let l=s.slot!=="media";for(;(s=s.previousSibling)!==null;)s.slot=="media"&&(l=!1);l&&this.mediaUnsetCallback(r)}}if(i)for(const r of a.addedNodes)r===i&&this.handleMediaUpdated(i)}}),K(this,Qe,!1),K(this,ai,e=>{O(this,Qe)||(setTimeout(()=>{gs(e),ae(this,Qe,!1)},0),ae(this,Qe,!0))}),K(this,ke,void 0),K(this,ni,()=>{if(!O(this,ke).assignedElements({flatten:!0}).length){O(this,Ye)&&this.mediaUnsetCallback(O(this,Ye));return}this.handleMediaUpdated(this.media)}),!this.shadowRoot){this.attachShadow(this.constructor.shadowRootOptions);const e=Ae(this.attributes),i=this.constructor.getTemplateHTML(e);this.shadowRoot.setHTMLUnsafe?this.shadowRoot.setHTMLUnsafe(i):this.shadowRoot.innerHTML=i}ae(this,Tt,new MutationObserver(O(this,zi)))}static get observedAttributes(){return[f.AUTOHIDE,f.GESTURES_DISABLED].concat(fs).filter(e=>![o.MEDIA_RENDITION_LIST,o.MEDIA_AUDIO_TRACK_LIST,o.MEDIA_CHAPTERS_CUES,o.MEDIA_WIDTH,o.MEDIA_HEIGHT,o.MEDIA_ERROR,o.MEDIA_ERROR_MESSAGE].includes(e))}attributeChangedCallback(e,i,a){e.toLowerCase()==f.AUTOHIDE&&(this.autohide=a)}get media(){let e=this.querySelector(":scope > [slot=media]");return e?.nodeName=="SLOT"&&(e=e.assignedElements({flatten:!0})[0]),e}async handleMediaUpdated(e){e&&(ae(this,Ye,e),e.localName.includes("-")&&await d.customElements.whenDefined(e.localName),this.mediaSetCallback(e))}connectedCallback(){var e;O(this,Tt).observe(this,{childList:!0,subtree:!0}),jn(this,O(this,ai));const i=this.getAttribute(f.AUDIO)!=null,a=L(i?"audio player":"video player");this.setAttribute("role","region"),this.setAttribute("aria-label",a),this.handleMediaUpdated(this.media),this.setAttribute(f.USER_INACTIVE,""),or(this,this.getBoundingClientRect().width);const n=this.querySelector(":scope > slot[slot=media]");n&&(ae(this,ke,n),O(this,ke).addEventListener("slotchange",O(this,ni))),this.addEventListener("pointerdown",this),this.addEventListener("pointermove",this),this.addEventListener("pointerup",this),this.addEventListener("mouseleave",this),this.addEventListener("keyup",this),(e=d.window)==null||e.addEventListener("mouseup",this)}disconnectedCallback(){var e;er(this,O(this,ai)),clearTimeout(O(this,ut)),O(this,Tt).disconnect(),this.media&&this.mediaUnsetCallback(this.media),(e=d.window)==null||e.removeEventListener("mouseup",this),this.removeEventListener("pointerdown",this),this.removeEventListener("pointermove",this),this.removeEventListener("pointerup",this),this.removeEventListener("mouseleave",this),this.removeEventListener("keyup",this),O(this,ke)&&(O(this,ke).removeEventListener("slotchange",O(this,ni)),ae(this,ke,null)),ae(this,Qe,!1)}mediaSetCallback(e){}mediaUnsetCallback(e){ae(this,Ye,null)}handleEvent(e){switch(e.type){case"pointerdown":ae(this,Ii,e.timeStamp);break;case"pointermove":oe(this,Xi,rr).call(this,e);break;case"pointerup":oe(this,Zi,sr).call(this,e);break;case"mouseleave":oe(this,xt,Hi).call(this);break;case"mouseup":this.removeAttribute(f.KEYBOARD_CONTROL);break;case"keyup":oe(this,ht,Nt).call(this),this.setAttribute(f.KEYBOARD_CONTROL,"");break}}set autohide(e){const i=Number(e);ae(this,st,isNaN(i)?0:i)}get autohide(){return(O(this,st)===void 0?2:O(this,st)).toString()}get breakpoints(){return Y(this,f.BREAKPOINTS)}set breakpoints(e){q(this,f.BREAKPOINTS,e)}get audio(){return D(this,f.AUDIO)}set audio(e){C(this,f.AUDIO,e)}get gesturesDisabled(){return D(this,f.GESTURES_DISABLED)}set gesturesDisabled(e){C(this,f.GESTURES_DISABLED,e)}get keyboardControl(){return D(this,f.KEYBOARD_CONTROL)}set keyboardControl(e){C(this,f.KEYBOARD_CONTROL,e)}get noAutohide(){return D(this,f.NO_AUTOHIDE)}set noAutohide(e){C(this,f.NO_AUTOHIDE,e)}get autohideOverControls(){return D(this,f.AUTOHIDE_OVER_CONTROLS)}set autohideOverControls(e){C(this,f.AUTOHIDE_OVER_CONTROLS,e)}get userInteractive(){return D(this,f.USER_INACTIVE)}set userInteractive(e){C(this,f.USER_INACTIVE,e)}}Tt=new WeakMap;Ii=new WeakMap;Ye=new WeakMap;ut=new WeakMap;st=new WeakMap;zi=new WeakMap;Qe=new WeakMap;ai=new WeakMap;Xi=new WeakSet;rr=function(t){if(t.pointerType!=="mouse"&&t.timeStamp-O(this,Ii)<250)return;oe(this,Wi,Sa).call(this),clearTimeout(O(this,ut));const e=this.hasAttribute(f.AUTOHIDE_OVER_CONTROLS);([this,this.media].includes(t.target)||e)&&oe(this,ht,Nt).call(this)};Zi=new WeakSet;sr=function(t){if(t.pointerType==="touch"){const e=!this.hasAttribute(f.USER_INACTIVE);[this,this.media].includes(t.target)&&e?oe(this,xt,Hi).call(this):oe(this,ht,Nt).call(this)}else t.composedPath().some(e=>["media-play-button","media-fullscreen-button"].includes(e?.localName))&&oe(this,ht,Nt).call(this)};xt=new WeakSet;Hi=function(){if(O(this,st)<0||this.hasAttribute(f.USER_INACTIVE))return;this.setAttribute(f.USER_INACTIVE,"");const t=new d.CustomEvent(ct.USER_INACTIVE_CHANGE,{composed:!0,bubbles:!0,detail:!0});this.dispatchEvent(t)};Wi=new WeakSet;Sa=function(){if(!this.hasAttribute(f.USER_INACTIVE))return;this.removeAttribute(f.USER_INACTIVE);const t=new d.CustomEvent(ct.USER_INACTIVE_CHANGE,{composed:!0,bubbles:!0,detail:!1});this.dispatchEvent(t)};ht=new WeakSet;Nt=function(){oe(this,Wi,Sa).call(this),clearTimeout(O(this,ut));const t=parseInt(this.autohide);t<0||ae(this,ut,setTimeout(()=>{oe(this,xt,Hi).call(this)},t*1e3))};ke=new WeakMap;ni=new WeakMap;Bi.shadowRootOptions={mode:"open"};Bi.getTemplateHTML=vs;d.customElements.get("media-container")||d.customElements.define("media-container",Bi);var ya=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},He=(t,e,i)=>(ya(t,e,"read from private field"),e.get(t)),ge=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},Ia=(t,e,i,a)=>(ya(t,e,"write to private field"),e.set(t,i),i),Pe=(t,e,i)=>(ya(t,e,"access private method"),i),ki,$t,Be,ri,Ji,ji,lr,ea,dr,ta,cr,ia,ur,aa,hr;function As(t){return`
    <style nonce="${d.vidpipeNonce}">
      :host {
        font: var(--media-font,
          var(--media-font-weight, normal)
          var(--media-font-size, 14px) /
          var(--media-text-content-height, var(--media-control-height, 24px))
          var(--media-font-family, helvetica neue, segoe ui, roboto, arial, sans-serif));
        color: var(--media-text-color, var(--media-primary-color, rgb(238 238 238)));
        display: var(--media-dialog-display, inline-flex);
        justify-content: center;
        align-items: center;
        
        transition-behavior: allow-discrete;
        visibility: hidden;
        opacity: 0;
        transform: translateY(2px) scale(.99);
        pointer-events: none;
      }

      :host([open]) {
        transition: display .2s, visibility 0s, opacity .2s ease-out, transform .15s ease-out;
        visibility: visible;
        opacity: 1;
        transform: translateY(0) scale(1);
        pointer-events: auto;
      }

      #content {
        display: flex;
        position: relative;
        box-sizing: border-box;
        width: min(320px, 100%);
        word-wrap: break-word;
        max-height: 100%;
        overflow: auto;
        text-align: center;
        line-height: 1.4;
      }
    </style>
    ${this.getSlotTemplateHTML(t)}
  `}function Ss(t){return`
    <slot id="content"></slot>
  `}const gt={OPEN:"open",ANCHOR:"anchor"};class Vt extends d.HTMLElement{constructor(){super(),ge(this,ri),ge(this,ji),ge(this,ea),ge(this,ta),ge(this,ia),ge(this,aa),ge(this,ki,!1),ge(this,$t,null),ge(this,Be,null)}static get observedAttributes(){return[gt.OPEN,gt.ANCHOR]}get open(){return D(this,gt.OPEN)}set open(e){C(this,gt.OPEN,e)}handleEvent(e){switch(e.type){case"invoke":Pe(this,ta,cr).call(this,e);break;case"focusout":Pe(this,ia,ur).call(this,e);break;case"keydown":Pe(this,aa,hr).call(this,e);break}}connectedCallback(){Pe(this,ri,Ji).call(this),this.role||(this.role="dialog"),this.addEventListener("invoke",this),this.addEventListener("focusout",this),this.addEventListener("keydown",this)}disconnectedCallback(){this.removeEventListener("invoke",this),this.removeEventListener("focusout",this),this.removeEventListener("keydown",this)}attributeChangedCallback(e,i,a){Pe(this,ri,Ji).call(this),e===gt.OPEN&&a!==i&&(this.open?Pe(this,ji,lr).call(this):Pe(this,ea,dr).call(this))}focus(){Ia(this,$t,tr());const e=!this.dispatchEvent(new Event("focus",{composed:!0,cancelable:!0})),i=!this.dispatchEvent(new Event("focusin",{composed:!0,bubbles:!0,cancelable:!0}));if(e||i)return;const a=this.querySelector('[autofocus], [tabindex]:not([tabindex="-1"]), [role="menu"]');a?.focus()}get keysUsed(){return["Escape","Tab"]}}ki=new WeakMap;$t=new WeakMap;Be=new WeakMap;ri=new WeakSet;Ji=function(){if(!He(this,ki)&&(Ia(this,ki,!0),!this.shadowRoot)){this.attachShadow(this.constructor.shadowRootOptions);const t=Ae(this.attributes);this.shadowRoot.innerHTML=this.constructor.getTemplateHTML(t),queueMicrotask(()=>{const{style:e}=B(this.shadowRoot,":host");e.setProperty("transition","display .15s, visibility .15s, opacity .15s ease-in, transform .15s ease-in")})}};ji=new WeakSet;lr=function(){var t;(t=He(this,Be))==null||t.setAttribute("aria-expanded","true"),this.dispatchEvent(new Event("open",{composed:!0,bubbles:!0})),this.addEventListener("transitionend",()=>this.focus(),{once:!0})};ea=new WeakSet;dr=function(){var t;(t=He(this,Be))==null||t.setAttribute("aria-expanded","false"),this.dispatchEvent(new Event("close",{composed:!0,bubbles:!0}))};ta=new WeakSet;cr=function(t){Ia(this,Be,t.relatedTarget),mt(this,t.relatedTarget)||(this.open=!this.open)};ia=new WeakSet;ur=function(t){var e;mt(this,t.relatedTarget)||((e=He(this,$t))==null||e.focus(),He(this,Be)&&He(this,Be)!==t.relatedTarget&&this.open&&(this.open=!1))};aa=new WeakSet;hr=function(t){var e,i,a,n,r;const{key:s,ctrlKey:l,altKey:c,metaKey:A}=t;l||c||A||this.keysUsed.includes(s)&&(t.preventDefault(),t.stopPropagation(),s==="Tab"?(t.shiftKey?(i=(e=this.previousElementSibling)==null?void 0:e.focus)==null||i.call(e):(n=(a=this.nextElementSibling)==null?void 0:a.focus)==null||n.call(a),this.blur()):s==="Escape"&&((r=He(this,$t))==null||r.focus(),this.open=!1))};Vt.shadowRootOptions={mode:"open"};Vt.getTemplateHTML=As;Vt.getSlotTemplateHTML=Ss;d.customElements.get("media-chrome-dialog")||d.customElements.define("media-chrome-dialog",Vt);var ys=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},ye=(t,e,i)=>(ys(t,e,"read from private field"),i?i.call(t):e.get(t)),An=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},ze,Xe;const At={HOTKEYS:"hotkeys"},Is=[{keys:[{key:" ",label:"Space"},{key:"k"}],description:"Toggle Playback"},{keys:[{key:"m"}],description:"Toggle mute"},{keys:[{key:"f"}],description:"Toggle fullscreen"},{keys:[{key:"c"}],description:"Toggle captions or subtitles, if available"},{keys:[{key:"p"}],description:"Toggle Picture in Picture"},{keys:[{key:"ArrowLeft",label:"←"},{key:"j"}],description:"Seek back 10s"},{keys:[{key:"ArrowRight",label:"→"},{key:"l"}],description:"Seek forward 10s"},{keys:[{key:"ArrowUp",label:"↑"}],description:"Turn volume up"},{keys:[{key:"ArrowDown",label:"↓"}],description:"Turn volume down"},{keys:[{key:"<",label:"< (SHIFT+,)"}],description:"Decrease playback rate"},{keys:[{key:">",label:"> (SHIFT+.)"}],description:"Increase playback rate"},{keys:[{key:"shift+/",label:"SHIFT+/"}],description:"Show keyboard shortcuts"}];function ka(t){return t===" "?"nospace":`no${t.toLowerCase()}`}function ks(t){const e=new Set(t?.split(/\s+/));return Is.map(({keys:i,description:a})=>({keys:i.filter(({key:n})=>!e.has(ka(n))),description:a})).filter(({keys:i})=>i.length)}function ws(t){return`
    <style nonce="${d.vidpipeNonce}">
      :host {
        position: fixed;
        top: 0;
        left: 0;
        z-index: 9999;
        background: rgb(20 20 30 / .8);
        backdrop-filter: blur(10px);
      }

      #content {
        display: block;
        width: clamp(400px, 40vw, 700px);
        max-width: 90vw;
        text-align: left;
      }

      h2 {
        margin: 0 0 1.5rem 0;
        font-size: 1.5rem;
        font-weight: 500;
        text-align: center;
      }

      .shortcuts-table {
        width: 100%;
        border-collapse: collapse;
      }

      .shortcuts-table tr {
        border-bottom: 1px solid rgba(255, 255, 255, 0.1);
      }

      .shortcuts-table tr:last-child {
        border-bottom: none;
      }

      .shortcuts-table td {
        padding: 0.75rem 0.5rem;
      }

      .shortcuts-table td:first-child {
        text-align: right;
        padding-right: 1rem;
        width: 40%;
        min-width: 120px;
      }

      .shortcuts-table td:last-child {
        padding-left: 1rem;
      }

      .key {
        display: inline-block;
        background: rgba(255, 255, 255, 0.15);
        border: 1px solid rgba(255, 255, 255, 0.2);
        border-radius: 4px;
        padding: 0.25rem 0.5rem;
        font-family: 'Courier New', monospace;
        font-size: 0.9rem;
        font-weight: 500;
        min-width: 1.5rem;
        text-align: center;
        margin: 0 0.2rem;
      }

      .description {
        color: rgba(255, 255, 255, 0.9);
        font-size: 0.95rem;
      }

      .key-combo {
        display: flex;
        align-items: center;
        justify-content: flex-end;
        gap: 0.3rem;
      }

      .key-separator {
        color: rgba(255, 255, 255, 0.5);
        font-size: 0.9rem;
      }
    </style>
    <slot id="content">
      ${mr(t[At.HOTKEYS])}
    </slot>
  `}function mr(t){return`
    <h2>Keyboard Shortcuts</h2>
    <table class="shortcuts-table">${ks(t).map(({keys:i,description:a})=>`
        <tr>
          <td>
            <div class="key-combo">${i.map(({key:r,label:s=r},l)=>l>0?`<span class="key-separator">or</span><span class="key">${s}</span>`:`<span class="key">${s}</span>`).join("")}</div>
          </td>
          <td class="description">${a}</td>
        </tr>
      `).join("")}</table>
  `}class pr extends Vt{constructor(){super(...arguments),An(this,ze,e=>{var i;if(!this.open)return;const a=(i=this.shadowRoot)==null?void 0:i.querySelector("#content");if(!a)return;const n=e.composedPath(),r=n[0]===this||n.includes(this),s=n.includes(a);r&&!s&&(this.open=!1)}),An(this,Xe,e=>{if(!this.open)return;const i=e.shiftKey&&(e.key==="/"||e.key==="?");(e.key==="Escape"||i)&&!e.ctrlKey&&!e.altKey&&!e.metaKey&&(this.open=!1,e.preventDefault(),e.stopPropagation())})}static get observedAttributes(){return[...super.observedAttributes,At.HOTKEYS]}get hotkeys(){var e;return(e=Y(this,At.HOTKEYS))!=null?e:void 0}set hotkeys(e){q(this,At.HOTKEYS,e)}connectedCallback(){super.connectedCallback(),this.open&&(this.addEventListener("click",ye(this,ze)),document.addEventListener("keydown",ye(this,Xe)))}disconnectedCallback(){this.removeEventListener("click",ye(this,ze)),document.removeEventListener("keydown",ye(this,Xe))}attributeChangedCallback(e,i,a){var n;if(super.attributeChangedCallback(e,i,a),e==="open")this.open?(this.addEventListener("click",ye(this,ze)),document.addEventListener("keydown",ye(this,Xe))):(this.removeEventListener("click",ye(this,ze)),document.removeEventListener("keydown",ye(this,Xe)));else if(e===At.HOTKEYS&&a!==i){const r=(n=this.shadowRoot)==null?void 0:n.querySelector("#content");r&&(r.innerHTML=mr(a))}}}ze=new WeakMap;Xe=new WeakMap;pr.getSlotTemplateHTML=ws;d.customElements.get("media-keyboard-shortcuts-dialog")||d.customElements.define("media-keyboard-shortcuts-dialog",pr);var Er=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},F=(t,e,i)=>(Er(t,e,"read from private field"),i?i.call(t):e.get(t)),bt=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},Yt=(t,e,i,a)=>(Er(t,e,"write to private field"),e.set(t,i),i),Ze,Je,wi,Fe,be,we;class Ms{constructor(e,i,{defaultValue:a}={defaultValue:void 0}){bt(this,be),bt(this,Ze,void 0),bt(this,Je,void 0),bt(this,wi,void 0),bt(this,Fe,new Set),Yt(this,Ze,e),Yt(this,Je,i),Yt(this,wi,new Set(a))}[Symbol.iterator](){return F(this,be,we).values()}get length(){return F(this,be,we).size}get value(){var e;return(e=[...F(this,be,we)].join(" "))!=null?e:""}set value(e){var i;e!==this.value&&(Yt(this,Fe,new Set),this.add(...(i=e?.split(" "))!=null?i:[]))}toString(){return this.value}item(e){return[...F(this,be,we)][e]}values(){return F(this,be,we).values()}forEach(e,i){F(this,be,we).forEach(e,i)}add(...e){var i,a;e.forEach(n=>F(this,Fe).add(n)),!(this.value===""&&!((i=F(this,Ze))!=null&&i.hasAttribute(`${F(this,Je)}`)))&&((a=F(this,Ze))==null||a.setAttribute(`${F(this,Je)}`,`${this.value}`))}remove(...e){var i;e.forEach(a=>F(this,Fe).delete(a)),(i=F(this,Ze))==null||i.setAttribute(`${F(this,Je)}`,`${this.value}`)}contains(e){return F(this,be,we).has(e)}toggle(e,i){return typeof i<"u"?i?(this.add(e),!0):(this.remove(e),!1):this.contains(e)?(this.remove(e),!1):(this.add(e),!0)}replace(e,i){return this.remove(e),this.add(i),e===i}}Ze=new WeakMap;Je=new WeakMap;wi=new WeakMap;Fe=new WeakMap;be=new WeakSet;we=function(){return F(this,Fe).size?F(this,Fe):F(this,wi)};function Ls(t){return t?.map(Rs).join(" ")}function Rs(t){if(t){const{id:e,width:i,height:a}=t;return[e,i,a].filter(n=>n!=null).join(":")}}function Ds(t){return t?.map(Cs).join(" ")}function Cs(t){if(t){const{id:e,kind:i,language:a,label:n}=t;return[e,i,a,n].filter(r=>r!=null).join(":")}}function wa(t){return typeof t=="number"&&!Number.isNaN(t)&&Number.isFinite(t)}const vr=t=>new Promise(e=>setTimeout(e,t)),Os=(t="")=>t.split(/\s+/),fr=(t="")=>{const[e,i,a]=t.split(":"),n=a?decodeURIComponent(a):void 0;return{kind:e==="cc"?ve.CAPTIONS:ve.SUBTITLES,language:i,label:n}},_r=(t="",e={})=>Os(t).map(i=>{const a=fr(i);return{...e,...a}}),gr=t=>t?Array.isArray(t)?t.map(e=>typeof e=="string"?fr(e):e):typeof t=="string"?_r(t):[t]:[],Us=({kind:t,label:e,language:i}={kind:"subtitles"})=>e?`${t==="captions"?"cc":"sb"}:${i}:${encodeURIComponent(e)}`:i,na=(t=[])=>Array.prototype.map.call(t,Us).join(" "),Ps=(t,e)=>i=>i[t]===e,br=t=>{const e=Object.entries(t).map(([i,a])=>Ps(i,a));return i=>e.every(a=>a(i))},Ct=(t,e=[],i=[])=>{const a=gr(i).map(br),n=r=>a.some(s=>s(r));Array.from(e).filter(n).forEach(r=>{r.mode=t})},Vi=(t,e=()=>!0)=>{if(!t?.textTracks)return[];const i=typeof e=="function"?e:br(e);return Array.from(t.textTracks).filter(i)},xs=t=>{var e;return!!((e=t.mediaSubtitlesShowing)!=null&&e.length)||t.hasAttribute(o.MEDIA_SUBTITLES_SHOWING)},Ns=t=>{var e;const{media:i,fullscreenElement:a}=t;try{const n=a&&"requestFullscreen"in a?"requestFullscreen":a&&"webkitRequestFullScreen"in a?"webkitRequestFullScreen":void 0;if(n){const r=(e=a[n])==null?void 0:e.call(a);if(r instanceof Promise)return r.catch(()=>{})}else i?.webkitEnterFullscreen?i.webkitEnterFullscreen():i?.requestFullscreen&&i.requestFullscreen()}catch(n){console.error(n)}},Sn="exitFullscreen"in G?"exitFullscreen":"webkitExitFullscreen"in G?"webkitExitFullscreen":"webkitCancelFullScreen"in G?"webkitCancelFullScreen":void 0,$s=t=>{var e;const{documentElement:i}=t;if(Sn){const a=(e=i?.[Sn])==null?void 0:e.call(i);if(a instanceof Promise)return a.catch(()=>{})}},St="fullscreenElement"in G?"fullscreenElement":"webkitFullscreenElement"in G?"webkitFullscreenElement":void 0,Fs=t=>{const{documentElement:e,media:i}=t,a=e?.[St];return!a&&"webkitDisplayingFullscreen"in i&&"webkitPresentationMode"in i&&i.webkitDisplayingFullscreen&&i.webkitPresentationMode===as.FULLSCREEN?i:a},Hs=t=>{var e;const{media:i,documentElement:a,fullscreenElement:n=i}=t;if(!i||!a)return!1;const r=Fs(t);if(!r)return!1;if(r===n||r===i)return!0;if(r.localName.includes("-")){let s=r.shadowRoot;if(!(St in s))return mt(r,n);for(;s?.[St];){if(s[St]===n)return!0;s=(e=s[St])==null?void 0:e.shadowRoot}}return!1},Ws="fullscreenEnabled"in G?"fullscreenEnabled":"webkitFullscreenEnabled"in G?"webkitFullscreenEnabled":void 0,Bs=t=>{const{documentElement:e,media:i}=t;return!!e?.[Ws]||i&&"webkitSupportsFullscreen"in i};let Qt;const Ma=()=>{var t,e;return Qt||(Qt=(e=(t=G)==null?void 0:t.createElement)==null?void 0:e.call(t,"video"),Qt)},Vs=async(t=Ma())=>{if(!t)return!1;const e=t.volume;t.volume=e/2+.1;const i=new AbortController,a=await Promise.race([Ks(t,i.signal),Gs(t,e)]);return i.abort(),a},Ks=(t,e)=>new Promise(i=>{t.addEventListener("volumechange",()=>i(!0),{signal:e})}),Gs=async(t,e)=>{for(let i=0;i<10;i++){if(t.volume===e)return!1;await vr(10)}return t.volume!==e},qs=/.*Version\/.*Safari\/.*/.test(d.navigator.userAgent),Tr=(t=Ma())=>d.matchMedia("(display-mode: standalone)").matches&&qs?!1:typeof t?.requestPictureInPicture=="function",Ar=(t=Ma())=>Bs({documentElement:G,media:t}),Ys=Ar(),Qs=Tr(),zs=!!d.WebKitPlaybackTargetAvailabilityEvent,Xs=!!d.chrome,Mi=t=>Vi(t.media,e=>[ve.SUBTITLES,ve.CAPTIONS].includes(e.kind)).sort((e,i)=>e.kind>=i.kind?1:-1),Sr=t=>Vi(t.media,e=>e.mode===lt.SHOWING&&[ve.SUBTITLES,ve.CAPTIONS].includes(e.kind)),yr=(t,e)=>{const i=Mi(t),a=Sr(t),n=!!a.length;if(i.length){if(e===!1||n&&e!==!0)Ct(lt.DISABLED,i,a);else if(e===!0||!n&&e!==!1){let r=i[0];const{options:s}=t;if(!s?.noSubtitlesLangPref){const T=d.localStorage.getItem("media-chrome-pref-subtitles-lang"),g=T?[T,...d.navigator.languages]:d.navigator.languages,E=i.filter(h=>g.some(_=>h.language.toLowerCase().startsWith(_.split("-")[0]))).sort((h,_)=>{const p=g.findIndex(b=>h.language.toLowerCase().startsWith(b.split("-")[0])),S=g.findIndex(b=>_.language.toLowerCase().startsWith(b.split("-")[0]));return p-S});E[0]&&(r=E[0])}const{language:l,label:c,kind:A}=r;Ct(lt.DISABLED,i,a),Ct(lt.SHOWING,i,[{language:l,label:c,kind:A}])}}},La=(t,e)=>t===e?!0:t==null||e==null||typeof t!=typeof e?!1:typeof t=="number"&&Number.isNaN(t)&&Number.isNaN(e)?!0:typeof t!="object"?!1:Array.isArray(t)?Zs(t,e):Object.entries(t).every(([i,a])=>i in e&&La(a,e[i])),Zs=(t,e)=>{const i=Array.isArray(t),a=Array.isArray(e);return i!==a?!1:i||a?t.length!==e.length?!1:t.every((n,r)=>La(n,e[r])):!0},Js=Object.values(Ee);let Li;const js=Vs().then(t=>(Li=t,Li)),eo=async(...t)=>{await Promise.all(t.filter(e=>e).map(async e=>{if(!("localName"in e&&e instanceof d.HTMLElement))return;const i=e.localName;if(!i.includes("-"))return;const a=d.customElements.get(i);a&&e instanceof a||(await d.customElements.whenDefined(i),d.customElements.upgrade(e))}))},to=new d.DOMParser,io=t=>t&&(to.parseFromString(t,"text/html").body.textContent||t),yt={mediaError:{get(t,e){const{media:i}=t;if(e?.type!=="playing")return i?.error},mediaEvents:["emptied","error","playing"]},mediaErrorCode:{get(t,e){var i;const{media:a}=t;if(e?.type!=="playing")return(i=a?.error)==null?void 0:i.code},mediaEvents:["emptied","error","playing"]},mediaErrorMessage:{get(t,e){var i,a;const{media:n}=t;if(e?.type!=="playing")return(a=(i=n?.error)==null?void 0:i.message)!=null?a:""},mediaEvents:["emptied","error","playing"]},mediaWidth:{get(t){var e;const{media:i}=t;return(e=i?.videoWidth)!=null?e:0},mediaEvents:["resize"]},mediaHeight:{get(t){var e;const{media:i}=t;return(e=i?.videoHeight)!=null?e:0},mediaEvents:["resize"]},mediaPaused:{get(t){var e;const{media:i}=t;return(e=i?.paused)!=null?e:!0},set(t,e){var i;const{media:a}=e;a&&(t?a.pause():(i=a.play())==null||i.catch(()=>{}))},mediaEvents:["play","playing","pause","emptied"]},mediaHasPlayed:{get(t,e){const{media:i}=t;return i?e?e.type==="playing":!i.paused:!1},mediaEvents:["playing","emptied"]},mediaEnded:{get(t){var e;const{media:i}=t;return(e=i?.ended)!=null?e:!1},mediaEvents:["seeked","ended","emptied"]},mediaPlaybackRate:{get(t){var e;const{media:i}=t;return(e=i?.playbackRate)!=null?e:1},set(t,e){const{media:i}=e;i&&Number.isFinite(+t)&&(i.playbackRate=+t)},mediaEvents:["ratechange","loadstart"]},mediaMuted:{get(t){var e;const{media:i}=t;return(e=i?.muted)!=null?e:!1},set(t,e){const{media:i,options:{noMutedPref:a}={}}=e;if(i){i.muted=t;try{const n=d.localStorage.getItem("media-chrome-pref-muted")!==null,r=i.hasAttribute("muted");if(a){n&&d.localStorage.removeItem("media-chrome-pref-muted");return}if(r&&!n)return;d.localStorage.setItem("media-chrome-pref-muted",t?"true":"false")}catch(n){console.debug("Error setting muted pref",n)}}},mediaEvents:["volumechange"],stateOwnersUpdateHandlers:[(t,e)=>{const{options:{noMutedPref:i}}=e,{media:a}=e;if(!(!a||a.muted||i))try{const n=d.localStorage.getItem("media-chrome-pref-muted")==="true";yt.mediaMuted.set(n,e),t(n)}catch(n){console.debug("Error getting muted pref",n)}}]},mediaLoop:{get(t){const{media:e}=t;return e?.loop},set(t,e){const{media:i}=e;i&&(i.loop=t)},mediaEvents:["medialooprequest"]},mediaVolume:{get(t){var e;const{media:i}=t;return(e=i?.volume)!=null?e:1},set(t,e){const{media:i,options:{noVolumePref:a}={}}=e;if(i){try{t==null?d.localStorage.removeItem("media-chrome-pref-volume"):!i.hasAttribute("muted")&&!a&&d.localStorage.setItem("media-chrome-pref-volume",t.toString())}catch(n){console.debug("Error setting volume pref",n)}Number.isFinite(+t)&&(i.volume=+t)}},mediaEvents:["volumechange"],stateOwnersUpdateHandlers:[(t,e)=>{const{options:{noVolumePref:i}}=e;if(!i)try{const{media:a}=e;if(!a)return;const n=d.localStorage.getItem("media-chrome-pref-volume");if(n==null)return;yt.mediaVolume.set(+n,e),t(+n)}catch(a){console.debug("Error getting volume pref",a)}}]},mediaVolumeLevel:{get(t){const{media:e}=t;return typeof e?.volume>"u"?"high":e.muted||e.volume===0?"off":e.volume<.5?"low":e.volume<.75?"medium":"high"},mediaEvents:["volumechange"]},mediaCurrentTime:{get(t){var e;const{media:i}=t;return(e=i?.currentTime)!=null?e:0},set(t,e){const{media:i}=e;!i||!wa(t)||(i.currentTime=t)},mediaEvents:["timeupdate","loadedmetadata","seeking"]},mediaDuration:{get(t){const{media:e,options:{defaultDuration:i}={}}=t;return i&&(!e||!e.duration||Number.isNaN(e.duration)||!Number.isFinite(e.duration))?i:Number.isFinite(e?.duration)?e.duration:Number.NaN},mediaEvents:["durationchange","loadedmetadata","emptied"]},mediaLoading:{get(t){const{media:e}=t;return e?.readyState<3},mediaEvents:["waiting","playing","emptied"]},mediaSeekable:{get(t){var e;const{media:i}=t;if(!((e=i?.seekable)!=null&&e.length))return;const a=i.seekable.start(0),n=i.seekable.end(i.seekable.length-1);if(!(!a&&!n))return[Number(a.toFixed(3)),Number(n.toFixed(3))]},mediaEvents:["loadedmetadata","emptied","progress","seekablechange"]},mediaBuffered:{get(t){var e;const{media:i}=t,a=(e=i?.buffered)!=null?e:[];return Array.from(a).map((n,r)=>[Number(a.start(r).toFixed(3)),Number(a.end(r).toFixed(3))])},mediaEvents:["progress","emptied"]},mediaStreamType:{get(t){const{media:e,options:{defaultStreamType:i}={}}=t,a=[Ee.LIVE,Ee.ON_DEMAND].includes(i)?i:void 0;if(!e)return a;const{streamType:n}=e;if(Js.includes(n))return n===Ee.UNKNOWN?a:n;const r=e.duration;return r===1/0?Ee.LIVE:Number.isFinite(r)?Ee.ON_DEMAND:a},mediaEvents:["emptied","durationchange","loadedmetadata","streamtypechange"]},mediaTargetLiveWindow:{get(t){const{media:e}=t;if(!e)return Number.NaN;const{targetLiveWindow:i}=e,a=yt.mediaStreamType.get(t);return(i==null||Number.isNaN(i))&&a===Ee.LIVE?0:i},mediaEvents:["emptied","durationchange","loadedmetadata","streamtypechange","targetlivewindowchange"]},mediaTimeIsLive:{get(t){const{media:e,options:{liveEdgeOffset:i=10}={}}=t;if(!e)return!1;if(typeof e.liveEdgeStart=="number")return Number.isNaN(e.liveEdgeStart)?!1:e.currentTime>=e.liveEdgeStart;if(!(yt.mediaStreamType.get(t)===Ee.LIVE))return!1;const n=e.seekable;if(!n)return!0;if(!n.length)return!1;const r=n.end(n.length-1)-i;return e.currentTime>=r},mediaEvents:["playing","timeupdate","progress","waiting","emptied"]},mediaSubtitlesList:{get(t){return Mi(t).map(({kind:e,label:i,language:a})=>({kind:e,label:i,language:a}))},mediaEvents:["loadstart"],textTracksEvents:["addtrack","removetrack"]},mediaSubtitlesShowing:{get(t){return Sr(t).map(({kind:e,label:i,language:a})=>({kind:e,label:i,language:a}))},mediaEvents:["loadstart"],textTracksEvents:["addtrack","removetrack","change"],stateOwnersUpdateHandlers:[(t,e)=>{var i,a;const{media:n,options:r}=e;if(!n)return;const s=l=>{var c;!r.defaultSubtitles||l&&![ve.CAPTIONS,ve.SUBTITLES].includes((c=l?.track)==null?void 0:c.kind)||yr(e,!0)};return n.addEventListener("loadstart",s),(i=n.textTracks)==null||i.addEventListener("addtrack",s),(a=n.textTracks)==null||a.addEventListener("removetrack",s),()=>{var l,c;n.removeEventListener("loadstart",s),(l=n.textTracks)==null||l.removeEventListener("addtrack",s),(c=n.textTracks)==null||c.removeEventListener("removetrack",s)}}]},mediaChaptersCues:{get(t){var e;const{media:i}=t;if(!i)return[];const[a]=Vi(i,{kind:ve.CHAPTERS});return Array.from((e=a?.cues)!=null?e:[]).map(({text:n,startTime:r,endTime:s})=>({text:io(n),startTime:r,endTime:s}))},mediaEvents:["loadstart","loadedmetadata"],textTracksEvents:["addtrack","removetrack","change"],stateOwnersUpdateHandlers:[(t,e)=>{var i;const{media:a}=e;if(!a)return;const n=a.querySelector('track[kind="chapters"][default][src]'),r=(i=a.shadowRoot)==null?void 0:i.querySelector(':is(video,audio) > track[kind="chapters"][default][src]');return n?.addEventListener("load",t),r?.addEventListener("load",t),()=>{n?.removeEventListener("load",t),r?.removeEventListener("load",t)}}]},mediaIsPip:{get(t){var e,i;const{media:a,documentElement:n}=t;if(!a||!n||!n.pictureInPictureElement)return!1;if(n.pictureInPictureElement===a)return!0;if(n.pictureInPictureElement instanceof HTMLMediaElement)return(e=a.localName)!=null&&e.includes("-")?mt(a,n.pictureInPictureElement):!1;if(n.pictureInPictureElement.localName.includes("-")){let r=n.pictureInPictureElement.shadowRoot;for(;r?.pictureInPictureElement;){if(r.pictureInPictureElement===a)return!0;r=(i=r.pictureInPictureElement)==null?void 0:i.shadowRoot}}return!1},set(t,e){const{media:i}=e;if(i)if(t){if(!G.pictureInPictureEnabled){console.warn("MediaChrome: Picture-in-picture is not enabled");return}if(!i.requestPictureInPicture){console.warn("MediaChrome: The current media does not support picture-in-picture");return}const a=()=>{console.warn("MediaChrome: The media is not ready for picture-in-picture. It must have a readyState > 0.")};i.requestPictureInPicture().catch(n=>{if(n.code===11){if(!i.src){console.warn("MediaChrome: The media is not ready for picture-in-picture. It must have a src set.");return}if(i.readyState===0&&i.preload==="none"){const r=()=>{i.removeEventListener("loadedmetadata",s),i.preload="none"},s=()=>{i.requestPictureInPicture().catch(a),r()};i.addEventListener("loadedmetadata",s),i.preload="metadata",setTimeout(()=>{i.readyState===0&&a(),r()},1e3)}else throw n}else throw n})}else G.pictureInPictureElement&&G.exitPictureInPicture()},mediaEvents:["enterpictureinpicture","leavepictureinpicture"]},mediaRenditionList:{get(t){var e;const{media:i}=t;return[...(e=i?.videoRenditions)!=null?e:[]].map(a=>({...a}))},mediaEvents:["emptied","loadstart"],videoRenditionsEvents:["addrendition","removerendition"]},mediaRenditionSelected:{get(t){var e,i,a;const{media:n}=t;return(a=(i=n?.videoRenditions)==null?void 0:i[(e=n.videoRenditions)==null?void 0:e.selectedIndex])==null?void 0:a.id},set(t,e){const{media:i}=e;if(!i?.videoRenditions){console.warn("MediaController: Rendition selection not supported by this media.");return}const a=t,n=Array.prototype.findIndex.call(i.videoRenditions,r=>r.id==a);i.videoRenditions.selectedIndex!=n&&(i.videoRenditions.selectedIndex=n)},mediaEvents:["emptied"],videoRenditionsEvents:["addrendition","removerendition","change"]},mediaAudioTrackList:{get(t){var e;const{media:i}=t;return[...(e=i?.audioTracks)!=null?e:[]]},mediaEvents:["emptied","loadstart"],audioTracksEvents:["addtrack","removetrack"]},mediaAudioTrackEnabled:{get(t){var e,i;const{media:a}=t;return(i=[...(e=a?.audioTracks)!=null?e:[]].find(n=>n.enabled))==null?void 0:i.id},set(t,e){const{media:i}=e;if(!i?.audioTracks){console.warn("MediaChrome: Audio track selection not supported by this media.");return}const a=t;for(const n of i.audioTracks)n.enabled=a==n.id},mediaEvents:["emptied"],audioTracksEvents:["addtrack","removetrack","change"]},mediaIsFullscreen:{get(t){return Hs(t)},set(t,e,i){var a,n;t?(Ns(e),i.detail&&!((a=e.media)!=null&&a.inert)&&((n=e.media)==null||n.focus())):$s(e)},rootEvents:["fullscreenchange","webkitfullscreenchange"],mediaEvents:["webkitbeginfullscreen","webkitendfullscreen","webkitpresentationmodechanged"]},mediaIsCasting:{get(t){var e;const{media:i}=t;return!i?.remote||((e=i.remote)==null?void 0:e.state)==="disconnected"?!1:i.remote.state==="connected"},set(t,e){var i,a;const{media:n}=e;if(n&&!(t&&((i=n.remote)==null?void 0:i.state)!=="disconnected")&&!(!t&&((a=n.remote)==null?void 0:a.state)!=="connected")){if(typeof n.remote.prompt!="function"){console.warn("MediaChrome: Casting is not supported in this environment");return}n.remote.prompt().catch(()=>{})}},remoteEvents:["connect","connecting","disconnect"]},mediaIsAirplaying:{get(){return!1},set(t,e){const{media:i}=e;if(i){if(!(i.webkitShowPlaybackTargetPicker&&d.WebKitPlaybackTargetAvailabilityEvent)){console.error("MediaChrome: received a request to select AirPlay but AirPlay is not supported in this environment");return}i.webkitShowPlaybackTargetPicker()}},mediaEvents:["webkitcurrentplaybacktargetiswirelesschanged"]},mediaFullscreenUnavailable:{get(t){const{media:e}=t;if(!Ys||!Ar(e))return z.UNSUPPORTED}},mediaPipUnavailable:{get(t){const{media:e}=t;if(!Qs||!Tr(e))return z.UNSUPPORTED;if(e?.disablePictureInPicture)return z.UNAVAILABLE}},mediaVolumeUnavailable:{get(t){const{media:e}=t;if(Li===!1||e?.volume==null)return z.UNSUPPORTED},stateOwnersUpdateHandlers:[t=>{Li==null&&js.then(e=>t(e?void 0:z.UNSUPPORTED))}]},mediaCastUnavailable:{get(t,{availability:e="not-available"}={}){var i;const{media:a}=t;if(!Xs||!((i=a?.remote)!=null&&i.state))return z.UNSUPPORTED;if(!(e==null||e==="available"))return z.UNAVAILABLE},stateOwnersUpdateHandlers:[(t,e)=>{var i;const{media:a}=e;return a?(a.disableRemotePlayback||a.hasAttribute("disableremoteplayback")||(i=a?.remote)==null||i.watchAvailability(r=>{t({availability:r?"available":"not-available"})}).catch(r=>{r.name==="NotSupportedError"?t({availability:null}):t({availability:"not-available"})}),()=>{var r;(r=a?.remote)==null||r.cancelWatchAvailability().catch(()=>{})}):void 0}]},mediaAirplayUnavailable:{get(t,e){if(!zs)return z.UNSUPPORTED;if(e?.availability==="not-available")return z.UNAVAILABLE},mediaEvents:["webkitplaybacktargetavailabilitychanged"],stateOwnersUpdateHandlers:[(t,e)=>{var i;const{media:a}=e;return a?(a.disableRemotePlayback||a.hasAttribute("disableremoteplayback")||(i=a?.remote)==null||i.watchAvailability(r=>{t({availability:r?"available":"not-available"})}).catch(r=>{r.name==="NotSupportedError"?t({availability:null}):t({availability:"not-available"})}),()=>{var r;(r=a?.remote)==null||r.cancelWatchAvailability().catch(()=>{})}):void 0}]},mediaRenditionUnavailable:{get(t){var e;const{media:i}=t;if(!i?.videoRenditions)return z.UNSUPPORTED;if(!((e=i.videoRenditions)!=null&&e.length))return z.UNAVAILABLE},mediaEvents:["emptied","loadstart"],videoRenditionsEvents:["addrendition","removerendition"]},mediaAudioTrackUnavailable:{get(t){var e,i;const{media:a}=t;if(!a?.audioTracks)return z.UNSUPPORTED;if(((i=(e=a.audioTracks)==null?void 0:e.length)!=null?i:0)<=1)return z.UNAVAILABLE},mediaEvents:["emptied","loadstart"],audioTracksEvents:["addtrack","removetrack"]},mediaLang:{get(t){const{options:{mediaLang:e}={}}=t;return e??"en"}}},ao={[v.MEDIA_PREVIEW_REQUEST](t,e,{detail:i}){var a,n,r;const{media:s}=e,l=i??void 0;let c,A;if(s&&l!=null){const[h]=Vi(s,{kind:ve.METADATA,label:"thumbnails"}),_=Array.prototype.find.call((a=h?.cues)!=null?a:[],(p,S,b)=>S===0?p.endTime>l:S===b.length-1?p.startTime<=l:p.startTime<=l&&p.endTime>l);if(_){const p=/'^(?:[a-z]+:)?\/\//i.test(_.text)||(n=s?.querySelector('track[label="thumbnails"]'))==null?void 0:n.src,S=new URL(_.text,p);A=new URLSearchParams(S.hash).get("#xywh").split(",").map(V=>+V),c=S.href}}const T=t.mediaDuration.get(e);let E=(r=t.mediaChaptersCues.get(e).find((h,_,p)=>_===p.length-1&&T===h.endTime?h.startTime<=l&&h.endTime>=l:h.startTime<=l&&h.endTime>l))==null?void 0:r.text;return i!=null&&E==null&&(E=""),{mediaPreviewTime:l,mediaPreviewImage:c,mediaPreviewCoords:A,mediaPreviewChapter:E}},[v.MEDIA_PAUSE_REQUEST](t,e){t["mediaPaused"].set(!0,e)},[v.MEDIA_PLAY_REQUEST](t,e){var i,a,n,r;const s="mediaPaused",c=t.mediaStreamType.get(e)===Ee.LIVE,A=!((i=e.options)!=null&&i.noAutoSeekToLive),T=t.mediaTargetLiveWindow.get(e)>0;if(c&&A&&!T){const g=(a=t.mediaSeekable.get(e))==null?void 0:a[1];if(g){const E=(r=(n=e.options)==null?void 0:n.seekToLiveOffset)!=null?r:0,h=g-E;t.mediaCurrentTime.set(h,e)}}t[s].set(!1,e)},[v.MEDIA_PLAYBACK_RATE_REQUEST](t,e,{detail:i}){const a="mediaPlaybackRate",n=i;t[a].set(n,e)},[v.MEDIA_MUTE_REQUEST](t,e){t["mediaMuted"].set(!0,e)},[v.MEDIA_UNMUTE_REQUEST](t,e){const i="mediaMuted";t.mediaVolume.get(e)||t.mediaVolume.set(.25,e),t[i].set(!1,e)},[v.MEDIA_LOOP_REQUEST](t,e,{detail:i}){const a="mediaLoop",n=!!i;return t[a].set(n,e),{mediaLoop:n}},[v.MEDIA_VOLUME_REQUEST](t,e,{detail:i}){const a="mediaVolume",n=i;n&&t.mediaMuted.get(e)&&t.mediaMuted.set(!1,e),t[a].set(n,e)},[v.MEDIA_SEEK_REQUEST](t,e,{detail:i}){const a="mediaCurrentTime",n=i;t[a].set(n,e)},[v.MEDIA_SEEK_TO_LIVE_REQUEST](t,e){var i,a,n;const r="mediaCurrentTime",s=(i=t.mediaSeekable.get(e))==null?void 0:i[1];if(Number.isNaN(Number(s)))return;const l=(n=(a=e.options)==null?void 0:a.seekToLiveOffset)!=null?n:0,c=s-l;t[r].set(c,e)},[v.MEDIA_SHOW_SUBTITLES_REQUEST](t,e,{detail:i}){var a;const{options:n}=e,r=Mi(e),s=gr(i),l=(a=s[0])==null?void 0:a.language;l&&!n.noSubtitlesLangPref&&d.localStorage.setItem("media-chrome-pref-subtitles-lang",l),Ct(lt.SHOWING,r,s)},[v.MEDIA_DISABLE_SUBTITLES_REQUEST](t,e,{detail:i}){const a=Mi(e),n=i??[];Ct(lt.DISABLED,a,n)},[v.MEDIA_TOGGLE_SUBTITLES_REQUEST](t,e,{detail:i}){yr(e,i)},[v.MEDIA_RENDITION_REQUEST](t,e,{detail:i}){const a="mediaRenditionSelected",n=i;t[a].set(n,e)},[v.MEDIA_AUDIO_TRACK_REQUEST](t,e,{detail:i}){const a="mediaAudioTrackEnabled",n=i;t[a].set(n,e)},[v.MEDIA_ENTER_PIP_REQUEST](t,e){const i="mediaIsPip";t.mediaIsFullscreen.get(e)&&t.mediaIsFullscreen.set(!1,e),t[i].set(!0,e)},[v.MEDIA_EXIT_PIP_REQUEST](t,e){t["mediaIsPip"].set(!1,e)},[v.MEDIA_ENTER_FULLSCREEN_REQUEST](t,e,i){const a="mediaIsFullscreen";t.mediaIsPip.get(e)&&t.mediaIsPip.set(!1,e),t[a].set(!0,e,i)},[v.MEDIA_EXIT_FULLSCREEN_REQUEST](t,e){t["mediaIsFullscreen"].set(!1,e)},[v.MEDIA_ENTER_CAST_REQUEST](t,e){const i="mediaIsCasting";t.mediaIsFullscreen.get(e)&&t.mediaIsFullscreen.set(!1,e),t[i].set(!0,e)},[v.MEDIA_EXIT_CAST_REQUEST](t,e){t["mediaIsCasting"].set(!1,e)},[v.MEDIA_AIRPLAY_REQUEST](t,e){t["mediaIsAirplaying"].set(!0,e)}},no=({media:t,fullscreenElement:e,documentElement:i,stateMediator:a=yt,requestMap:n=ao,options:r={},monitorStateOwnersOnlyWithSubscriptions:s=!0})=>{const l=[],c={options:{...r}};let A=Object.freeze({mediaPreviewTime:void 0,mediaPreviewImage:void 0,mediaPreviewCoords:void 0,mediaPreviewChapter:void 0});const T=p=>{p!=null&&(La(p,A)||(A=Object.freeze({...A,...p}),l.forEach(S=>S(A))))},g=()=>{const p=Object.entries(a).reduce((S,[b,{get:V}])=>(S[b]=V(c),S),{});T(p)},E={};let h;const _=async(p,S)=>{var b,V,Et,vt,Ve,fe,_e,ft,Ue,Ga,qa,Ya,Qa,za,Xa,Za;const qr=!!h;if(h={...c,...h??{},...p},qr)return;await eo(...Object.values(p));const Ke=l.length>0&&S===0&&s,Ja=c.media!==h.media,ja=((b=c.media)==null?void 0:b.textTracks)!==((V=h.media)==null?void 0:V.textTracks),en=((Et=c.media)==null?void 0:Et.videoRenditions)!==((vt=h.media)==null?void 0:vt.videoRenditions),tn=((Ve=c.media)==null?void 0:Ve.audioTracks)!==((fe=h.media)==null?void 0:fe.audioTracks),an=((_e=c.media)==null?void 0:_e.remote)!==((ft=h.media)==null?void 0:ft.remote),nn=c.documentElement!==h.documentElement,rn=!!c.media&&(Ja||Ke),sn=!!((Ue=c.media)!=null&&Ue.textTracks)&&(ja||Ke),on=!!((Ga=c.media)!=null&&Ga.videoRenditions)&&(en||Ke),ln=!!((qa=c.media)!=null&&qa.audioTracks)&&(tn||Ke),dn=!!((Ya=c.media)!=null&&Ya.remote)&&(an||Ke),cn=!!c.documentElement&&(nn||Ke),Yi=rn||sn||on||ln||dn||cn,Ge=l.length===0&&S===1&&s,un=!!h.media&&(Ja||Ge),hn=!!((Qa=h.media)!=null&&Qa.textTracks)&&(ja||Ge),mn=!!((za=h.media)!=null&&za.videoRenditions)&&(en||Ge),pn=!!((Xa=h.media)!=null&&Xa.audioTracks)&&(tn||Ge),En=!!((Za=h.media)!=null&&Za.remote)&&(an||Ge),vn=!!h.documentElement&&(nn||Ge),fn=un||hn||mn||pn||En||vn;if(!(Yi||fn)){Object.entries(h).forEach(([I,_t])=>{c[I]=_t}),g(),h=void 0;return}Object.entries(a).forEach(([I,{get:_t,mediaEvents:Yr=[],textTracksEvents:Qr=[],videoRenditionsEvents:zr=[],audioTracksEvents:Xr=[],remoteEvents:Zr=[],rootEvents:Jr=[],stateOwnersUpdateHandlers:jr=[]}])=>{E[I]||(E[I]={});const Q=M=>{const U=_t(c,M);T({[I]:U})};let N;N=E[I].mediaEvents,Yr.forEach(M=>{N&&rn&&(c.media.removeEventListener(M,N),E[I].mediaEvents=void 0),un&&(h.media.addEventListener(M,Q),E[I].mediaEvents=Q)}),N=E[I].textTracksEvents,Qr.forEach(M=>{var U,te;N&&sn&&((U=c.media.textTracks)==null||U.removeEventListener(M,N),E[I].textTracksEvents=void 0),hn&&((te=h.media.textTracks)==null||te.addEventListener(M,Q),E[I].textTracksEvents=Q)}),N=E[I].videoRenditionsEvents,zr.forEach(M=>{var U,te;N&&on&&((U=c.media.videoRenditions)==null||U.removeEventListener(M,N),E[I].videoRenditionsEvents=void 0),mn&&((te=h.media.videoRenditions)==null||te.addEventListener(M,Q),E[I].videoRenditionsEvents=Q)}),N=E[I].audioTracksEvents,Xr.forEach(M=>{var U,te;N&&ln&&((U=c.media.audioTracks)==null||U.removeEventListener(M,N),E[I].audioTracksEvents=void 0),pn&&((te=h.media.audioTracks)==null||te.addEventListener(M,Q),E[I].audioTracksEvents=Q)}),N=E[I].remoteEvents,Zr.forEach(M=>{var U,te;N&&dn&&((U=c.media.remote)==null||U.removeEventListener(M,N),E[I].remoteEvents=void 0),En&&((te=h.media.remote)==null||te.addEventListener(M,Q),E[I].remoteEvents=Q)}),N=E[I].rootEvents,Jr.forEach(M=>{N&&cn&&(c.documentElement.removeEventListener(M,N),E[I].rootEvents=void 0),vn&&(h.documentElement.addEventListener(M,Q),E[I].rootEvents=Q)});const Gt=E[I].stateOwnersUpdateHandlers;if(Gt&&Yi&&(Array.isArray(Gt)?Gt:[Gt]).forEach(U=>{typeof U=="function"&&U()}),fn){const M=jr.map(U=>U(Q,h)).filter(U=>typeof U=="function");E[I].stateOwnersUpdateHandlers=M.length===1?M[0]:M}else Yi&&(E[I].stateOwnersUpdateHandlers=void 0)}),Object.entries(h).forEach(([I,_t])=>{c[I]=_t}),g(),h=void 0};return _({media:t,fullscreenElement:e,documentElement:i,options:r}),{dispatch(p){const{type:S,detail:b}=p;if(n[S]&&A.mediaErrorCode==null){T(n[S](a,c,p));return}S==="mediaelementchangerequest"?_({media:b}):S==="fullscreenelementchangerequest"?_({fullscreenElement:b}):S==="documentelementchangerequest"?_({documentElement:b}):S==="optionschangerequest"&&(Object.entries(b??{}).forEach(([V,Et])=>{c.options[V]=Et}),g())},getState(){return A},subscribe(p){return _({},l.length+1),l.push(p),p(A),()=>{const S=l.indexOf(p);S>=0&&(_({},l.length-1),l.splice(S,1))}}}};var Ra=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},m=(t,e,i)=>(Ra(t,e,"read from private field"),i?i.call(t):e.get(t)),X=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},ne=(t,e,i,a)=>(Ra(t,e,"write to private field"),e.set(t,i),i),Me=(t,e,i)=>(Ra(t,e,"access private method"),i),Te,It,y,J,kt,de,si,wt,oi,ra,We,li,sa,Ot,Ri,oa,Ir;const kr=["ArrowLeft","ArrowRight","ArrowUp","ArrowDown","Enter"," ","f","m","k","c","l","j",">","<","p"],yn=10,In=.025,kn=.25,ro=.25,so=2,u={DEFAULT_SUBTITLES:"defaultsubtitles",DEFAULT_STREAM_TYPE:"defaultstreamtype",DEFAULT_DURATION:"defaultduration",FULLSCREEN_ELEMENT:"fullscreenelement",HOTKEYS:"hotkeys",KEYBOARD_BACKWARD_SEEK_OFFSET:"keyboardbackwardseekoffset",KEYBOARD_FORWARD_SEEK_OFFSET:"keyboardforwardseekoffset",KEYBOARD_DOWN_VOLUME_STEP:"keyboarddownvolumestep",KEYBOARD_UP_VOLUME_STEP:"keyboardupvolumestep",KEYS_USED:"keysused",LANG:"lang",LOOP:"loop",LIVE_EDGE_OFFSET:"liveedgeoffset",NO_AUTO_SEEK_TO_LIVE:"noautoseektolive",NO_DEFAULT_STORE:"nodefaultstore",NO_HOTKEYS:"nohotkeys",NO_MUTED_PREF:"nomutedpref",NO_SUBTITLES_LANG_PREF:"nosubtitleslangpref",NO_VOLUME_PREF:"novolumepref",SEEK_TO_LIVE_OFFSET:"seektoliveoffset"};class oo extends Bi{constructor(){super(),X(this,oi),X(this,li),X(this,Ot),X(this,oa),this.mediaStateReceivers=[],this.associatedElementSubscriptions=new Map,X(this,Te,new Ms(this,u.HOTKEYS)),X(this,It,void 0),X(this,y,void 0),X(this,J,null),X(this,kt,void 0),X(this,de,void 0),X(this,si,i=>{var a;(a=m(this,y))==null||a.dispatch(i)}),X(this,wt,void 0),X(this,We,i=>{const{key:a,shiftKey:n}=i;if(!(n&&(a==="/"||a==="?")||kr.includes(a))){this.removeEventListener("keyup",m(this,We));return}this.keyboardShortcutHandler(i)}),this.associateElement(this);let e={};ne(this,kt,i=>{Object.entries(i).forEach(([a,n])=>{if(a in e&&e[a]===n)return;this.propagateMediaState(a,n);const r=a.toLowerCase(),s=new d.CustomEvent(is[r],{composed:!0,detail:n});this.dispatchEvent(s)}),e=i})}static get observedAttributes(){return super.observedAttributes.concat(u.NO_HOTKEYS,u.HOTKEYS,u.DEFAULT_STREAM_TYPE,u.DEFAULT_SUBTITLES,u.DEFAULT_DURATION,u.NO_MUTED_PREF,u.NO_VOLUME_PREF,u.LANG,u.LOOP,u.LIVE_EDGE_OFFSET,u.SEEK_TO_LIVE_OFFSET,u.NO_AUTO_SEEK_TO_LIVE)}get mediaStore(){return m(this,y)}set mediaStore(e){var i,a;if(m(this,y)&&((i=m(this,de))==null||i.call(this),ne(this,de,void 0)),ne(this,y,e),!m(this,y)&&!this.hasAttribute(u.NO_DEFAULT_STORE)){Me(this,oi,ra).call(this);return}ne(this,de,(a=m(this,y))==null?void 0:a.subscribe(m(this,kt)))}get fullscreenElement(){var e;return(e=m(this,It))!=null?e:this}set fullscreenElement(e){var i;this.hasAttribute(u.FULLSCREEN_ELEMENT)&&this.removeAttribute(u.FULLSCREEN_ELEMENT),ne(this,It,e),(i=m(this,y))==null||i.dispatch({type:"fullscreenelementchangerequest",detail:this.fullscreenElement})}get defaultSubtitles(){return D(this,u.DEFAULT_SUBTITLES)}set defaultSubtitles(e){C(this,u.DEFAULT_SUBTITLES,e)}get defaultStreamType(){return Y(this,u.DEFAULT_STREAM_TYPE)}set defaultStreamType(e){q(this,u.DEFAULT_STREAM_TYPE,e)}get defaultDuration(){return Ce(this,u.DEFAULT_DURATION)}set defaultDuration(e){Oe(this,u.DEFAULT_DURATION,e)}get noHotkeys(){return D(this,u.NO_HOTKEYS)}set noHotkeys(e){C(this,u.NO_HOTKEYS,e)}get keysUsed(){return Y(this,u.KEYS_USED)}set keysUsed(e){q(this,u.KEYS_USED,e)}get liveEdgeOffset(){return Ce(this,u.LIVE_EDGE_OFFSET)}set liveEdgeOffset(e){Oe(this,u.LIVE_EDGE_OFFSET,e)}get noAutoSeekToLive(){return D(this,u.NO_AUTO_SEEK_TO_LIVE)}set noAutoSeekToLive(e){C(this,u.NO_AUTO_SEEK_TO_LIVE,e)}get noVolumePref(){return D(this,u.NO_VOLUME_PREF)}set noVolumePref(e){C(this,u.NO_VOLUME_PREF,e)}get noMutedPref(){return D(this,u.NO_MUTED_PREF)}set noMutedPref(e){C(this,u.NO_MUTED_PREF,e)}get noSubtitlesLangPref(){return D(this,u.NO_SUBTITLES_LANG_PREF)}set noSubtitlesLangPref(e){C(this,u.NO_SUBTITLES_LANG_PREF,e)}get noDefaultStore(){return D(this,u.NO_DEFAULT_STORE)}set noDefaultStore(e){C(this,u.NO_DEFAULT_STORE,e)}get resolvedLang(){return Es()}attributeChangedCallback(e,i,a){var n,r,s,l,c,A,T,g,E,h,_,p;if(super.attributeChangedCallback(e,i,a),e===u.NO_HOTKEYS)a!==i&&a===""?(this.hasAttribute(u.HOTKEYS)&&console.warn("Media Chrome: Both `hotkeys` and `nohotkeys` have been set. All hotkeys will be disabled."),this.disableHotkeys()):a!==i&&a===null&&this.enableHotkeys(),Me(this,Ot,Ri).call(this);else if(e===u.HOTKEYS)m(this,Te).value=a,Me(this,Ot,Ri).call(this);else if(e===u.DEFAULT_SUBTITLES&&a!==i)(n=m(this,y))==null||n.dispatch({type:"optionschangerequest",detail:{defaultSubtitles:this.hasAttribute(u.DEFAULT_SUBTITLES)}});else if(e===u.DEFAULT_STREAM_TYPE)(s=m(this,y))==null||s.dispatch({type:"optionschangerequest",detail:{defaultStreamType:(r=this.getAttribute(u.DEFAULT_STREAM_TYPE))!=null?r:void 0}});else if(e===u.LIVE_EDGE_OFFSET&&a!==i)(l=m(this,y))==null||l.dispatch({type:"optionschangerequest",detail:{liveEdgeOffset:this.hasAttribute(u.LIVE_EDGE_OFFSET)?+this.getAttribute(u.LIVE_EDGE_OFFSET):void 0,seekToLiveOffset:this.hasAttribute(u.SEEK_TO_LIVE_OFFSET)?+this.getAttribute(u.SEEK_TO_LIVE_OFFSET):this.hasAttribute(u.LIVE_EDGE_OFFSET)?+this.getAttribute(u.LIVE_EDGE_OFFSET):void 0}});else if(e===u.SEEK_TO_LIVE_OFFSET&&a!==i)(c=m(this,y))==null||c.dispatch({type:"optionschangerequest",detail:{seekToLiveOffset:this.hasAttribute(u.SEEK_TO_LIVE_OFFSET)?+this.getAttribute(u.SEEK_TO_LIVE_OFFSET):this.hasAttribute(u.LIVE_EDGE_OFFSET)?+this.getAttribute(u.LIVE_EDGE_OFFSET):void 0}});else if(e===u.NO_AUTO_SEEK_TO_LIVE)(A=m(this,y))==null||A.dispatch({type:"optionschangerequest",detail:{noAutoSeekToLive:this.hasAttribute(u.NO_AUTO_SEEK_TO_LIVE)}});else if(e===u.FULLSCREEN_ELEMENT){const S=a?(T=this.getRootNode())==null?void 0:T.getElementById(a):void 0;ne(this,It,S),(g=m(this,y))==null||g.dispatch({type:"fullscreenelementchangerequest",detail:this.fullscreenElement})}else e===u.LANG&&a!==i?(ms(a),(E=m(this,y))==null||E.dispatch({type:"optionschangerequest",detail:{mediaLang:a}})):e===u.LOOP&&a!==i?(h=m(this,y))==null||h.dispatch({type:v.MEDIA_LOOP_REQUEST,detail:a!=null}):e===u.NO_VOLUME_PREF&&a!==i?(_=m(this,y))==null||_.dispatch({type:"optionschangerequest",detail:{noVolumePref:this.hasAttribute(u.NO_VOLUME_PREF)}}):e===u.NO_MUTED_PREF&&a!==i&&((p=m(this,y))==null||p.dispatch({type:"optionschangerequest",detail:{noMutedPref:this.hasAttribute(u.NO_MUTED_PREF)}}))}connectedCallback(){var e,i,a;this.associateElement(this),!m(this,y)&&!this.hasAttribute(u.NO_DEFAULT_STORE)&&Me(this,oi,ra).call(this),(e=m(this,y))==null||e.dispatch({type:"documentelementchangerequest",detail:G}),(i=m(this,y))==null||i.dispatch({type:"fullscreenelementchangerequest",detail:this.fullscreenElement}),super.connectedCallback(),m(this,y)&&!m(this,de)&&ne(this,de,(a=m(this,y))==null?void 0:a.subscribe(m(this,kt))),m(this,wt)!==void 0&&m(this,y)&&this.media&&setTimeout(()=>{var n,r,s;(r=(n=this.media)==null?void 0:n.textTracks)!=null&&r.length&&((s=m(this,y))==null||s.dispatch({type:v.MEDIA_TOGGLE_SUBTITLES_REQUEST,detail:m(this,wt)}))},0),this.hasAttribute(u.NO_HOTKEYS)?this.disableHotkeys():this.enableHotkeys()}disconnectedCallback(){var e,i,a,n,r,s;if((e=super.disconnectedCallback)==null||e.call(this),this.disableHotkeys(),m(this,y)){const l=m(this,y).getState();ne(this,wt,!!((i=l.mediaSubtitlesShowing)!=null&&i.length)),(a=m(this,y))==null||a.dispatch({type:"fullscreenelementchangerequest",detail:void 0}),(n=m(this,y))==null||n.dispatch({type:"documentelementchangerequest",detail:void 0}),(r=m(this,y))==null||r.dispatch({type:v.MEDIA_TOGGLE_SUBTITLES_REQUEST,detail:!1})}m(this,de)&&((s=m(this,de))==null||s.call(this),ne(this,de,void 0)),this.unassociateElement(this),m(this,J)&&(m(this,J).remove(),ne(this,J,null))}mediaSetCallback(e){var i;super.mediaSetCallback(e),(i=m(this,y))==null||i.dispatch({type:"mediaelementchangerequest",detail:e}),e.hasAttribute("tabindex")||(e.tabIndex=-1)}mediaUnsetCallback(e){var i;super.mediaUnsetCallback(e),(i=m(this,y))==null||i.dispatch({type:"mediaelementchangerequest",detail:void 0})}propagateMediaState(e,i){Ln(this.mediaStateReceivers,e,i)}associateElement(e){if(!e)return;const{associatedElementSubscriptions:i}=this;if(i.has(e))return;const a=this.registerMediaStateReceiver.bind(this),n=this.unregisterMediaStateReceiver.bind(this),r=po(e,a,n);Object.values(v).forEach(s=>{e.addEventListener(s,m(this,si))}),i.set(e,r)}unassociateElement(e){if(!e)return;const{associatedElementSubscriptions:i}=this;if(!i.has(e))return;i.get(e)(),i.delete(e),Object.values(v).forEach(n=>{e.removeEventListener(n,m(this,si))})}registerMediaStateReceiver(e){if(!e)return;const i=this.mediaStateReceivers;i.indexOf(e)>-1||(i.push(e),m(this,y)&&Object.entries(m(this,y).getState()).forEach(([n,r])=>{Ln([e],n,r)}))}unregisterMediaStateReceiver(e){const i=this.mediaStateReceivers,a=i.indexOf(e);a<0||i.splice(a,1)}enableHotkeys(){this.addEventListener("keydown",Me(this,li,sa))}disableHotkeys(){this.removeEventListener("keydown",Me(this,li,sa)),this.removeEventListener("keyup",m(this,We))}get hotkeys(){return m(this,Te)}set hotkeys(e){q(this,u.HOTKEYS,e)}keyboardShortcutHandler(e){var i,a,n,r,s,l,c,A,T;const g=e.target;if(((n=(a=(i=g.getAttribute(u.KEYS_USED))==null?void 0:i.split(" "))!=null?a:g?.keysUsed)!=null?n:[]).map(b=>b==="Space"?" ":b).filter(Boolean).includes(e.key))return;let h,_,p;if(!(m(this,Te).contains(ka(e.key))||e.shiftKey&&(e.key==="/"||e.key==="?")&&m(this,Te).contains("noshift+/")))switch(e.key){case" ":case"k":h=m(this,y).getState().mediaPaused?v.MEDIA_PLAY_REQUEST:v.MEDIA_PAUSE_REQUEST,this.dispatchEvent(new d.CustomEvent(h,{composed:!0,bubbles:!0}));break;case"m":h=this.mediaStore.getState().mediaVolumeLevel==="off"?v.MEDIA_UNMUTE_REQUEST:v.MEDIA_MUTE_REQUEST,this.dispatchEvent(new d.CustomEvent(h,{composed:!0,bubbles:!0}));break;case"f":h=this.mediaStore.getState().mediaIsFullscreen?v.MEDIA_EXIT_FULLSCREEN_REQUEST:v.MEDIA_ENTER_FULLSCREEN_REQUEST,this.dispatchEvent(new d.CustomEvent(h,{composed:!0,bubbles:!0}));break;case"c":this.dispatchEvent(new d.CustomEvent(v.MEDIA_TOGGLE_SUBTITLES_REQUEST,{composed:!0,bubbles:!0}));break;case"ArrowLeft":case"j":{const b=this.hasAttribute(u.KEYBOARD_BACKWARD_SEEK_OFFSET)?+this.getAttribute(u.KEYBOARD_BACKWARD_SEEK_OFFSET):yn;_=Math.max(((r=this.mediaStore.getState().mediaCurrentTime)!=null?r:0)-b,0),p=new d.CustomEvent(v.MEDIA_SEEK_REQUEST,{composed:!0,bubbles:!0,detail:_}),this.dispatchEvent(p);break}case"ArrowRight":case"l":{const b=this.hasAttribute(u.KEYBOARD_FORWARD_SEEK_OFFSET)?+this.getAttribute(u.KEYBOARD_FORWARD_SEEK_OFFSET):yn;_=Math.max(((s=this.mediaStore.getState().mediaCurrentTime)!=null?s:0)+b,0),p=new d.CustomEvent(v.MEDIA_SEEK_REQUEST,{composed:!0,bubbles:!0,detail:_}),this.dispatchEvent(p);break}case"ArrowUp":{const b=this.hasAttribute(u.KEYBOARD_UP_VOLUME_STEP)?+this.getAttribute(u.KEYBOARD_UP_VOLUME_STEP):In;_=Math.min(((l=this.mediaStore.getState().mediaVolume)!=null?l:1)+b,1),p=new d.CustomEvent(v.MEDIA_VOLUME_REQUEST,{composed:!0,bubbles:!0,detail:_}),this.dispatchEvent(p);break}case"ArrowDown":{const b=this.hasAttribute(u.KEYBOARD_DOWN_VOLUME_STEP)?+this.getAttribute(u.KEYBOARD_DOWN_VOLUME_STEP):In;_=Math.max(((c=this.mediaStore.getState().mediaVolume)!=null?c:1)-b,0),p=new d.CustomEvent(v.MEDIA_VOLUME_REQUEST,{composed:!0,bubbles:!0,detail:_}),this.dispatchEvent(p);break}case"<":{const b=(A=this.mediaStore.getState().mediaPlaybackRate)!=null?A:1;_=Math.max(b-kn,ro).toFixed(2),p=new d.CustomEvent(v.MEDIA_PLAYBACK_RATE_REQUEST,{composed:!0,bubbles:!0,detail:_}),this.dispatchEvent(p);break}case">":{const b=(T=this.mediaStore.getState().mediaPlaybackRate)!=null?T:1;_=Math.min(b+kn,so).toFixed(2),p=new d.CustomEvent(v.MEDIA_PLAYBACK_RATE_REQUEST,{composed:!0,bubbles:!0,detail:_}),this.dispatchEvent(p);break}case"/":case"?":{e.shiftKey&&Me(this,oa,Ir).call(this);break}case"p":{h=this.mediaStore.getState().mediaIsPip?v.MEDIA_EXIT_PIP_REQUEST:v.MEDIA_ENTER_PIP_REQUEST,p=new d.CustomEvent(h,{composed:!0,bubbles:!0}),this.dispatchEvent(p);break}}}}Te=new WeakMap;It=new WeakMap;y=new WeakMap;J=new WeakMap;kt=new WeakMap;de=new WeakMap;si=new WeakMap;wt=new WeakMap;oi=new WeakSet;ra=function(){var t;this.mediaStore=no({media:this.media,fullscreenElement:this.fullscreenElement,options:{defaultSubtitles:this.hasAttribute(u.DEFAULT_SUBTITLES),defaultDuration:this.hasAttribute(u.DEFAULT_DURATION)?+this.getAttribute(u.DEFAULT_DURATION):void 0,defaultStreamType:(t=this.getAttribute(u.DEFAULT_STREAM_TYPE))!=null?t:void 0,liveEdgeOffset:this.hasAttribute(u.LIVE_EDGE_OFFSET)?+this.getAttribute(u.LIVE_EDGE_OFFSET):void 0,seekToLiveOffset:this.hasAttribute(u.SEEK_TO_LIVE_OFFSET)?+this.getAttribute(u.SEEK_TO_LIVE_OFFSET):this.hasAttribute(u.LIVE_EDGE_OFFSET)?+this.getAttribute(u.LIVE_EDGE_OFFSET):void 0,noAutoSeekToLive:this.hasAttribute(u.NO_AUTO_SEEK_TO_LIVE),noVolumePref:this.hasAttribute(u.NO_VOLUME_PREF),noMutedPref:this.hasAttribute(u.NO_MUTED_PREF),noSubtitlesLangPref:this.hasAttribute(u.NO_SUBTITLES_LANG_PREF)}})};We=new WeakMap;li=new WeakSet;sa=function(t){var e;const{metaKey:i,altKey:a,key:n,shiftKey:r}=t,s=r&&(n==="/"||n==="?");if(s&&((e=m(this,J))!=null&&e.open)){this.removeEventListener("keyup",m(this,We));return}if(i||a||!s&&!kr.includes(n)){this.removeEventListener("keyup",m(this,We));return}const l=t.target,c=l instanceof HTMLElement&&(l.tagName.toLowerCase()==="media-volume-range"||l.tagName.toLowerCase()==="media-time-range");[" ","ArrowLeft","ArrowRight","ArrowUp","ArrowDown"].includes(n)&&!m(this,Te).contains(ka(n))&&!c&&t.preventDefault(),this.addEventListener("keyup",m(this,We),{once:!0})};Ot=new WeakSet;Ri=function(){m(this,J)&&(m(this,J).hotkeys=m(this,Te).value||void 0,(this.noHotkeys||m(this,Te).contains("noshift+/"))&&(m(this,J).open=!1))};oa=new WeakSet;Ir=function(){m(this,J)||(ne(this,J,G.createElement("media-keyboard-shortcuts-dialog")),Me(this,Ot,Ri).call(this),this.appendChild(m(this,J))),m(this,J).open=!0};const lo=Object.values(o),co=Object.values(Xn),wr=t=>{var e,i,a,n;let{observedAttributes:r}=t.constructor;!r&&((e=t.nodeName)!=null&&e.includes("-"))&&(d.customElements.upgrade(t),{observedAttributes:r}=t.constructor);const s=(n=(a=(i=t?.getAttribute)==null?void 0:i.call(t,w.MEDIA_CHROME_ATTRIBUTES))==null?void 0:a.split)==null?void 0:n.call(a,/\s+/);return Array.isArray(r||s)?(r||s).filter(l=>lo.includes(l)):[]},uo=t=>{var e,i;return(e=t.nodeName)!=null&&e.includes("-")&&d.customElements.get((i=t.nodeName)==null?void 0:i.toLowerCase())&&!(t instanceof d.customElements.get(t.nodeName.toLowerCase()))&&d.customElements.upgrade(t),co.some(a=>a in t)},la=t=>uo(t)||!!wr(t).length,wn=t=>{var e;return(e=t?.join)==null?void 0:e.call(t,":")},Mn={[o.MEDIA_SUBTITLES_LIST]:na,[o.MEDIA_SUBTITLES_SHOWING]:na,[o.MEDIA_SEEKABLE]:wn,[o.MEDIA_BUFFERED]:t=>t?.map(wn).join(" "),[o.MEDIA_PREVIEW_COORDS]:t=>t?.join(" "),[o.MEDIA_RENDITION_LIST]:Ls,[o.MEDIA_AUDIO_TRACK_LIST]:Ds},ho=async(t,e,i)=>{var a,n;if(t.isConnected||await vr(0),typeof i=="boolean"||i==null)return C(t,e,i);if(typeof i=="number")return Oe(t,e,i);if(typeof i=="string")return q(t,e,i);if(Array.isArray(i)&&!i.length)return t.removeAttribute(e);const r=(n=(a=Mn[e])==null?void 0:a.call(Mn,i))!=null?n:i;return t.setAttribute(e,r)},mo=t=>{var e;return!!((e=t.closest)!=null&&e.call(t,'*[slot="media"]'))},Ne=(t,e)=>{if(mo(t))return;const i=(n,r)=>{var s,l;la(n)&&r(n);const{children:c=[]}=n??{},A=(l=(s=n?.shadowRoot)==null?void 0:s.children)!=null?l:[];[...c,...A].forEach(g=>Ne(g,r))},a=t?.nodeName.toLowerCase();if(a.includes("-")&&!la(t)){d.customElements.whenDefined(a).then(()=>{i(t,e)});return}i(t,e)},Ln=(t,e,i)=>{t.forEach(a=>{if(e in a){a[e]=i;return}const n=wr(a),r=e.toLowerCase();n.includes(r)&&ho(a,r,i)})},po=(t,e,i)=>{Ne(t,e);const a=T=>{var g;const E=(g=T?.composedPath()[0])!=null?g:T.target;e(E)},n=T=>{var g;const E=(g=T?.composedPath()[0])!=null?g:T.target;i(E)};t.addEventListener(v.REGISTER_MEDIA_STATE_RECEIVER,a),t.addEventListener(v.UNREGISTER_MEDIA_STATE_RECEIVER,n);const r=T=>{T.forEach(g=>{const{addedNodes:E=[],removedNodes:h=[],type:_,target:p,attributeName:S}=g;_==="childList"?(Array.prototype.forEach.call(E,b=>Ne(b,e)),Array.prototype.forEach.call(h,b=>Ne(b,i))):_==="attributes"&&S===w.MEDIA_CHROME_ATTRIBUTES&&(la(p)?e(p):i(p))})};let s=[];const l=T=>{const g=T.target;g.name!=="media"&&(s.forEach(E=>Ne(E,i)),s=[...g.assignedElements({flatten:!0})],s.forEach(E=>Ne(E,e)))};t.addEventListener("slotchange",l);const c=new MutationObserver(r);return c.observe(t,{childList:!0,attributes:!0,subtree:!0}),()=>{Ne(t,i),t.removeEventListener("slotchange",l),c.disconnect(),t.removeEventListener(v.REGISTER_MEDIA_STATE_RECEIVER,a),t.removeEventListener(v.UNREGISTER_MEDIA_STATE_RECEIVER,n)}};d.customElements.get("media-controller")||d.customElements.define("media-controller",oo);var Mr=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},zt=(t,e,i)=>(Mr(t,e,"read from private field"),i?i.call(t):e.get(t)),Eo=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},Xt=(t,e,i,a)=>(Mr(t,e,"write to private field"),e.set(t,i),i),ce;function vo(t){return`
    <style nonce="${d.vidpipeNonce}">
      :host {
        
        box-sizing: border-box;
        display: var(--media-control-display, var(--media-control-bar-display, inline-flex));
        color: var(--media-text-color, var(--media-primary-color, rgb(238 238 238)));
        --media-loading-indicator-icon-height: 44px;
      }

      ::slotted(media-time-range),
      ::slotted(media-volume-range) {
        min-height: 100%;
      }

      ::slotted(media-time-range),
      ::slotted(media-clip-selector) {
        flex-grow: 1;
      }

      ::slotted([role="menu"]) {
        position: absolute;
      }
    </style>

    <slot></slot>
  `}class Da extends d.HTMLElement{constructor(){if(super(),Eo(this,ce,void 0),!this.shadowRoot){this.attachShadow(this.constructor.shadowRootOptions);const e=Ae(this.attributes);this.shadowRoot.innerHTML=this.constructor.getTemplateHTML(e)}}static get observedAttributes(){return[w.MEDIA_CONTROLLER]}attributeChangedCallback(e,i,a){var n,r,s,l,c;e===w.MEDIA_CONTROLLER&&(i&&((r=(n=zt(this,ce))==null?void 0:n.unassociateElement)==null||r.call(n,this),Xt(this,ce,null)),a&&this.isConnected&&(Xt(this,ce,(s=this.getRootNode())==null?void 0:s.getElementById(a)),(c=(l=zt(this,ce))==null?void 0:l.associateElement)==null||c.call(l,this)))}connectedCallback(){var e,i,a;const n=this.getAttribute(w.MEDIA_CONTROLLER);n&&(Xt(this,ce,(e=this.getRootNode())==null?void 0:e.getElementById(n)),(a=(i=zt(this,ce))==null?void 0:i.associateElement)==null||a.call(i,this))}disconnectedCallback(){var e,i;(i=(e=zt(this,ce))==null?void 0:e.unassociateElement)==null||i.call(e,this),Xt(this,ce,null)}}ce=new WeakMap;Da.shadowRootOptions={mode:"open"};Da.getTemplateHTML=vo;d.customElements.get("media-control-bar")||d.customElements.define("media-control-bar",Da);const qe={PLACEMENT:"placement",BOUNDS:"bounds"};function fo(t){return`
    <style nonce="${d.vidpipeNonce}">
      :host {
        --_tooltip-background-color: var(--media-tooltip-background-color, var(--media-secondary-color, rgba(20, 20, 30, .7)));
        --_tooltip-background: var(--media-tooltip-background, var(--_tooltip-background-color));
        --_tooltip-arrow-half-width: calc(var(--media-tooltip-arrow-width, 12px) / 2);
        --_tooltip-arrow-height: var(--media-tooltip-arrow-height, 5px);
        --_tooltip-arrow-background: var(--media-tooltip-arrow-color, var(--_tooltip-background-color));
        position: relative;
        pointer-events: none;
        display: var(--media-tooltip-display, inline-flex);
        justify-content: center;
        align-items: center;
        box-sizing: border-box;
        z-index: var(--media-tooltip-z-index, 1);
        background: var(--_tooltip-background);
        color: var(--media-text-color, var(--media-primary-color, rgb(238 238 238)));
        font: var(--media-font,
          var(--media-font-weight, 400)
          var(--media-font-size, 13px) /
          var(--media-text-content-height, var(--media-control-height, 18px))
          var(--media-font-family, helvetica neue, segoe ui, roboto, arial, sans-serif));
        padding: var(--media-tooltip-padding, .35em .7em);
        border: var(--media-tooltip-border, none);
        border-radius: var(--media-tooltip-border-radius, 5px);
        filter: var(--media-tooltip-filter, drop-shadow(0 0 4px rgba(0, 0, 0, .2)));
        white-space: var(--media-tooltip-white-space, nowrap);
      }

      :host([hidden]) {
        display: none;
      }

      img, svg {
        display: inline-block;
      }

      #arrow {
        position: absolute;
        width: 0px;
        height: 0px;
        border-style: solid;
        display: var(--media-tooltip-arrow-display, block);
      }

      :host(:not([placement])),
      :host([placement="top"]) {
        position: absolute;
        bottom: calc(100% + var(--media-tooltip-distance, 12px));
        left: 50%;
        transform: translate(calc(-50% - var(--media-tooltip-offset-x, 0px)), 0);
      }
      :host(:not([placement])) #arrow,
      :host([placement="top"]) #arrow {
        top: 100%;
        left: 50%;
        border-width: var(--_tooltip-arrow-height) var(--_tooltip-arrow-half-width) 0 var(--_tooltip-arrow-half-width);
        border-color: var(--_tooltip-arrow-background) transparent transparent transparent;
        transform: translate(calc(-50% + var(--media-tooltip-offset-x, 0px)), 0);
      }

      :host([placement="right"]) {
        position: absolute;
        left: calc(100% + var(--media-tooltip-distance, 12px));
        top: 50%;
        transform: translate(0, -50%);
      }
      :host([placement="right"]) #arrow {
        top: 50%;
        right: 100%;
        border-width: var(--_tooltip-arrow-half-width) var(--_tooltip-arrow-height) var(--_tooltip-arrow-half-width) 0;
        border-color: transparent var(--_tooltip-arrow-background) transparent transparent;
        transform: translate(0, -50%);
      }

      :host([placement="bottom"]) {
        position: absolute;
        top: calc(100% + var(--media-tooltip-distance, 12px));
        left: 50%;
        transform: translate(calc(-50% - var(--media-tooltip-offset-x, 0px)), 0);
      }
      :host([placement="bottom"]) #arrow {
        bottom: 100%;
        left: 50%;
        border-width: 0 var(--_tooltip-arrow-half-width) var(--_tooltip-arrow-height) var(--_tooltip-arrow-half-width);
        border-color: transparent transparent var(--_tooltip-arrow-background) transparent;
        transform: translate(calc(-50% + var(--media-tooltip-offset-x, 0px)), 0);
      }

      :host([placement="left"]) {
        position: absolute;
        right: calc(100% + var(--media-tooltip-distance, 12px));
        top: 50%;
        transform: translate(0, -50%);
      }
      :host([placement="left"]) #arrow {
        top: 50%;
        left: 100%;
        border-width: var(--_tooltip-arrow-half-width) 0 var(--_tooltip-arrow-half-width) var(--_tooltip-arrow-height);
        border-color: transparent transparent transparent var(--_tooltip-arrow-background);
        transform: translate(0, -50%);
      }
      
      :host([placement="none"]) #arrow {
        display: none;
      }
    </style>
    <slot></slot>
    <div id="arrow"></div>
  `}class Ki extends d.HTMLElement{constructor(){if(super(),this.updateXOffset=()=>{var e;if(!ir(this,{checkOpacity:!1,checkVisibilityCSS:!1}))return;const i=this.placement;if(i==="left"||i==="right"){this.style.removeProperty("--media-tooltip-offset-x");return}const a=getComputedStyle(this),n=(e=Bt(this,"#"+this.bounds))!=null?e:ns(this);if(!n)return;const{x:r,width:s}=n.getBoundingClientRect(),{x:l,width:c}=this.getBoundingClientRect(),A=l+c,T=r+s,g=a.getPropertyValue("--media-tooltip-offset-x"),E=g?parseFloat(g.replace("px","")):0,h=a.getPropertyValue("--media-tooltip-container-margin"),_=h?parseFloat(h.replace("px","")):0,p=l-r+E-_,S=A-T+E+_;if(p<0){this.style.setProperty("--media-tooltip-offset-x",`${p}px`);return}if(S>0){this.style.setProperty("--media-tooltip-offset-x",`${S}px`);return}this.style.removeProperty("--media-tooltip-offset-x")},!this.shadowRoot){this.attachShadow(this.constructor.shadowRootOptions);const e=Ae(this.attributes);this.shadowRoot.innerHTML=this.constructor.getTemplateHTML(e)}if(this.arrowEl=this.shadowRoot.querySelector("#arrow"),Object.prototype.hasOwnProperty.call(this,"placement")){const e=this.placement;delete this.placement,this.placement=e}}static get observedAttributes(){return[qe.PLACEMENT,qe.BOUNDS]}get placement(){return Y(this,qe.PLACEMENT)}set placement(e){q(this,qe.PLACEMENT,e)}get bounds(){return Y(this,qe.BOUNDS)}set bounds(e){q(this,qe.BOUNDS,e)}}Ki.shadowRootOptions={mode:"open"};Ki.getTemplateHTML=fo;d.customElements.get("media-tooltip")||d.customElements.define("media-tooltip",Ki);var Rn=Ki,Ca=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},P=(t,e,i)=>(Ca(t,e,"read from private field"),i?i.call(t):e.get(t)),xe=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},Zt=(t,e,i,a)=>(Ca(t,e,"write to private field"),e.set(t,i),i),Dn=(t,e,i)=>(Ca(t,e,"access private method"),i),ue,ot,da,Lr,De,je,di,ca,Rr;const Ie={TOOLTIP_PLACEMENT:"tooltipplacement",DISABLED:"disabled",NO_TOOLTIP:"notooltip"};function _o(t,e={}){return`
    <style nonce="${d.vidpipeNonce}">
      :host {
        position: relative;
        font: var(--media-font,
          var(--media-font-weight, bold)
          var(--media-font-size, 14px) /
          var(--media-text-content-height, var(--media-control-height, 24px))
          var(--media-font-family, helvetica neue, segoe ui, roboto, arial, sans-serif));
        color: var(--media-text-color, var(--media-primary-color, rgb(238 238 238)));
        background: var(--media-control-background, var(--media-secondary-color, rgb(20 20 30 / .7)));
        padding: var(--media-button-padding, var(--media-control-padding, 10px));
        justify-content: var(--media-button-justify-content, center);
        display: inline-flex;
        align-items: center;
        vertical-align: middle;
        box-sizing: border-box;
        transition: background .15s linear;
        pointer-events: auto;
        cursor: var(--media-cursor, pointer);
        -webkit-tap-highlight-color: transparent;
      }

      
      :host(:focus-visible) {
        box-shadow: var(--media-focus-box-shadow, inset 0 0 0 2px rgb(27 127 204 / .9));
        outline: 0;
      }
      
      :host(:where(:focus)) {
        box-shadow: none;
        outline: 0;
      }

      :host(:hover) {
        background: var(--media-control-hover-background, rgba(50 50 70 / .7));
      }

      slot[name="icon"] {
        display: inline-flex;
        align-items: center;
      }

      svg, img, ::slotted(svg), ::slotted(img) {
        width: var(--media-button-icon-width);
        height: var(--media-button-icon-height, var(--media-control-height, 24px));
        transform: var(--media-button-icon-transform);
        transition: var(--media-button-icon-transition);
        fill: var(--media-icon-color, var(--media-primary-color, rgb(238 238 238)));
        vertical-align: middle;
        max-width: 100%;
        max-height: 100%;
        min-width: 100%;
      }

      media-tooltip {
        
        max-width: 0;
        overflow-x: clip;
        opacity: 0;
        transition: opacity .3s, max-width 0s 9s;
      }

      :host(:hover) media-tooltip,
      :host(:focus-visible) media-tooltip {
        max-width: 100vw;
        opacity: 1;
        transition: opacity .3s;
      }

      :host([notooltip]) slot[name="tooltip"] {
        display: none;
      }
    </style>

    ${this.getSlotTemplateHTML(t,e)}

    <slot name="tooltip">
      <media-tooltip part="tooltip" aria-hidden="true">
        <template shadowrootmode="${Rn.shadowRootOptions.mode}">
          ${Rn.getTemplateHTML({})}
        </template>
        <slot name="tooltip-content">
          ${this.getTooltipContentHTML(t)}
        </slot>
      </media-tooltip>
    </slot>
  `}function go(t,e){return`
    <slot></slot>
  `}function bo(){return""}class Se extends d.HTMLElement{constructor(){if(super(),xe(this,da),xe(this,ca),xe(this,ue,void 0),this.preventClick=!1,this.tooltipEl=null,xe(this,ot,e=>{this.preventClick||this.handleClick(e),setTimeout(P(this,De),0)}),xe(this,De,()=>{var e,i;(i=(e=this.tooltipEl)==null?void 0:e.updateXOffset)==null||i.call(e)}),xe(this,je,e=>{const{key:i}=e;if(!this.keysUsed.includes(i)){this.removeEventListener("keyup",P(this,je));return}this.preventClick||this.handleClick(e)}),xe(this,di,e=>{const{metaKey:i,altKey:a,key:n}=e;if(i||a||!this.keysUsed.includes(n)){this.removeEventListener("keyup",P(this,je));return}this.addEventListener("keyup",P(this,je),{once:!0})}),!this.shadowRoot){this.attachShadow(this.constructor.shadowRootOptions);const e=Ae(this.attributes),i=this.constructor.getTemplateHTML(e);this.shadowRoot.setHTMLUnsafe?this.shadowRoot.setHTMLUnsafe(i):this.shadowRoot.innerHTML=i}this.tooltipEl=this.shadowRoot.querySelector("media-tooltip")}static get observedAttributes(){return["disabled",Ie.TOOLTIP_PLACEMENT,w.MEDIA_CONTROLLER,o.MEDIA_LANG]}enable(){this.addEventListener("click",P(this,ot)),this.addEventListener("keydown",P(this,di)),this.tabIndex=0}disable(){this.removeEventListener("click",P(this,ot)),this.removeEventListener("keydown",P(this,di)),this.removeEventListener("keyup",P(this,je)),this.tabIndex=-1}attributeChangedCallback(e,i,a){var n,r,s,l,c;e===w.MEDIA_CONTROLLER?(i&&((r=(n=P(this,ue))==null?void 0:n.unassociateElement)==null||r.call(n,this),Zt(this,ue,null)),a&&this.isConnected&&(Zt(this,ue,(s=this.getRootNode())==null?void 0:s.getElementById(a)),(c=(l=P(this,ue))==null?void 0:l.associateElement)==null||c.call(l,this))):e==="disabled"&&a!==i?a==null?this.enable():this.disable():e===Ie.TOOLTIP_PLACEMENT&&this.tooltipEl&&a!==i?this.tooltipEl.placement=a:e===o.MEDIA_LANG&&(this.shadowRoot.querySelector('slot[name="tooltip-content"]').innerHTML=this.constructor.getTooltipContentHTML()),Dn(this,da,Lr).call(this)&&P(this,De).call(this)}connectedCallback(){var e,i,a;const{style:n}=B(this.shadowRoot,":host");n.setProperty("display",`var(--media-control-display, var(--${this.localName}-display, inline-flex))`),this.hasAttribute("disabled")?this.disable():this.enable(),this.setAttribute("role","button");const r=this.getAttribute(w.MEDIA_CONTROLLER);r&&(Zt(this,ue,(e=this.getRootNode())==null?void 0:e.getElementById(r)),(a=(i=P(this,ue))==null?void 0:i.associateElement)==null||a.call(i,this)),d.customElements.whenDefined("media-tooltip").then(()=>Dn(this,ca,Rr).call(this))}disconnectedCallback(){var e,i;this.disable(),(i=(e=P(this,ue))==null?void 0:e.unassociateElement)==null||i.call(e,this),Zt(this,ue,null),this.removeEventListener("mouseenter",P(this,De)),this.removeEventListener("focus",P(this,De)),this.removeEventListener("click",P(this,ot))}get keysUsed(){return["Enter"," "]}get tooltipPlacement(){return Y(this,Ie.TOOLTIP_PLACEMENT)}set tooltipPlacement(e){q(this,Ie.TOOLTIP_PLACEMENT,e)}get mediaController(){return Y(this,w.MEDIA_CONTROLLER)}set mediaController(e){q(this,w.MEDIA_CONTROLLER,e)}get disabled(){return D(this,Ie.DISABLED)}set disabled(e){C(this,Ie.DISABLED,e)}get noTooltip(){return D(this,Ie.NO_TOOLTIP)}set noTooltip(e){C(this,Ie.NO_TOOLTIP,e)}handleClick(e){}}ue=new WeakMap;ot=new WeakMap;da=new WeakSet;Lr=function(){try{return this.matches(":hover, :focus-visible")}catch{return this.matches(":hover, :focus")}};De=new WeakMap;je=new WeakMap;di=new WeakMap;ca=new WeakSet;Rr=function(){this.addEventListener("mouseenter",P(this,De)),this.addEventListener("focus",P(this,De)),this.addEventListener("click",P(this,ot));const t=this.tooltipPlacement;t&&this.tooltipEl&&(this.tooltipEl.placement=t)};Se.shadowRootOptions={mode:"open"};Se.getTemplateHTML=_o;Se.getSlotTemplateHTML=go;Se.getTooltipContentHTML=bo;d.customElements.get("media-chrome-button")||d.customElements.define("media-chrome-button",Se);const To=`<svg aria-hidden="true" viewBox="0 0 24 24">
  <path d="m6 21 15-9L6 3v18Z"/>
</svg>`,Ao=`<svg aria-hidden="true" viewBox="0 0 24 24">
  <path d="M6 20h4V4H6v16Zm8-16v16h4V4h-4Z"/>
</svg>`;function So(t){return`
    <style nonce="${d.vidpipeNonce}">
      :host([${o.MEDIA_PAUSED}]) slot[name=pause],
      :host(:not([${o.MEDIA_PAUSED}])) slot[name=play] {
        display: none !important;
      }

      :host([${o.MEDIA_PAUSED}]) slot[name=tooltip-pause],
      :host(:not([${o.MEDIA_PAUSED}])) slot[name=tooltip-play] {
        display: none;
      }
    </style>

    <slot name="icon">
      <slot name="play">${To}</slot>
      <slot name="pause">${Ao}</slot>
    </slot>
  `}function yo(){return`
    <slot name="tooltip-play">${L("Play")}</slot>
    <slot name="tooltip-pause">${L("Pause")}</slot>
  `}const Cn=t=>{const e=t.mediaPaused?L("play"):L("pause");t.setAttribute("aria-label",e)};class Oa extends Se{static get observedAttributes(){return[...super.observedAttributes,o.MEDIA_PAUSED,o.MEDIA_ENDED]}connectedCallback(){super.connectedCallback(),Cn(this)}attributeChangedCallback(e,i,a){super.attributeChangedCallback(e,i,a),(e===o.MEDIA_PAUSED||e===o.MEDIA_LANG)&&Cn(this)}get mediaPaused(){return D(this,o.MEDIA_PAUSED)}set mediaPaused(e){C(this,o.MEDIA_PAUSED,e)}handleClick(){const e=this.mediaPaused?v.MEDIA_PLAY_REQUEST:v.MEDIA_PAUSE_REQUEST;this.dispatchEvent(new d.CustomEvent(e,{composed:!0,bubbles:!0}))}}Oa.getSlotTemplateHTML=So;Oa.getTooltipContentHTML=yo;d.customElements.get("media-play-button")||d.customElements.define("media-play-button",Oa);var Ua=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},R=(t,e,i)=>(Ua(t,e,"read from private field"),i?i.call(t):e.get(t)),H=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},Le=(t,e,i,a)=>(Ua(t,e,"write to private field"),e.set(t,i),i),re=(t,e,i)=>(Ua(t,e,"access private method"),i),he,Gi,ci,ui,se,Di,hi,mi,pi,Pa,Dr,Ei,ua,vi,ha,Ci,xa,ma,Cr,pa,Or,Ea,Ur,va,Pr;function Io(t){return`
    <style nonce="${d.vidpipeNonce}">
      :host {
        --_focus-box-shadow: var(--media-focus-box-shadow, inset 0 0 0 2px rgb(27 127 204 / .9));
        --_media-range-padding: var(--media-range-padding, var(--media-control-padding, 10px));

        box-shadow: var(--_focus-visible-box-shadow, none);
        background: var(--media-control-background, var(--media-secondary-color, rgb(20 20 30 / .7)));
        height: calc(var(--media-control-height, 24px) + 2 * var(--_media-range-padding));
        display: inline-flex;
        align-items: center;
        
        vertical-align: middle;
        box-sizing: border-box;
        position: relative;
        width: 100px;
        transition: background .15s linear;
        cursor: var(--media-cursor, pointer);
        pointer-events: auto;
        touch-action: none; 
      }

      
      input[type=range]:focus {
        outline: 0;
      }
      input[type=range]:focus::-webkit-slider-runnable-track {
        outline: 0;
      }

      :host(:hover) {
        background: var(--media-control-hover-background, rgb(50 50 70 / .7));
      }

      #leftgap {
        padding-left: var(--media-range-padding-left, var(--_media-range-padding));
      }

      #rightgap {
        padding-right: var(--media-range-padding-right, var(--_media-range-padding));
      }

      #startpoint,
      #endpoint {
        position: absolute;
      }

      #endpoint {
        right: 0;
      }

      #container {
        
        width: var(--media-range-track-width, 100%);
        transform: translate(var(--media-range-track-translate-x, 0px), var(--media-range-track-translate-y, 0px));
        position: relative;
        height: 100%;
        display: flex;
        align-items: center;
        min-width: 40px;
      }

      #range {
        
        display: var(--media-time-range-hover-display, block);
        bottom: var(--media-time-range-hover-bottom, 0);
        height: var(--media-time-range-hover-height, max(100% , 25px));
        width: 100%;
        position: absolute;
        cursor: var(--media-cursor, pointer);

        -webkit-appearance: none; 
        -webkit-tap-highlight-color: transparent;
        background: transparent; 
        margin: 0;
        z-index: 1;
      }

      @media (hover: hover) {
        #range {
          bottom: var(--media-time-range-hover-bottom, 0);
          height: var(--media-time-range-hover-height, max(100%, 20px));
        }
      }

      
      
      #range::-webkit-slider-thumb {
        -webkit-appearance: none;
        background: transparent;
        width: .1px;
        height: .1px;
      }

      
      #range::-moz-range-thumb {
        background: transparent;
        border: transparent;
        width: .1px;
        height: .1px;
      }

      #appearance {
        height: var(--media-range-track-height, 4px);
        display: flex;
        flex-direction: column;
        justify-content: center;
        width: 100%;
        position: absolute;
        
        will-change: transform;
      }

      #track {
        background: var(--media-range-track-background, rgb(255 255 255 / .2));
        border-radius: var(--media-range-track-border-radius, 1px);
        border: var(--media-range-track-border, none);
        outline: var(--media-range-track-outline);
        outline-offset: var(--media-range-track-outline-offset);
        backdrop-filter: var(--media-range-track-backdrop-filter);
        -webkit-backdrop-filter: var(--media-range-track-backdrop-filter);
        box-shadow: var(--media-range-track-box-shadow, none);
        position: absolute;
        width: 100%;
        height: 100%;
        overflow: hidden;
      }

      #progress,
      #pointer {
        position: absolute;
        height: 100%;
        will-change: width;
      }

      #progress {
        background: var(--media-range-bar-color, var(--media-primary-color, rgb(238 238 238)));
        transition: var(--media-range-track-transition);
      }

      #pointer {
        background: var(--media-range-track-pointer-background);
        border-right: var(--media-range-track-pointer-border-right);
        transition: visibility .25s, opacity .25s;
        visibility: hidden;
        opacity: 0;
      }

      @media (hover: hover) {
        :host(:hover) #pointer {
          transition: visibility .5s, opacity .5s;
          visibility: visible;
          opacity: 1;
        }
      }

      #thumb,
      ::slotted([slot=thumb]) {
        width: var(--media-range-thumb-width, 10px);
        height: var(--media-range-thumb-height, 10px);
        transition: var(--media-range-thumb-transition);
        transform: var(--media-range-thumb-transform, none);
        opacity: var(--media-range-thumb-opacity, 1);
        translate: -50%;
        position: absolute;
        left: 0;
        cursor: var(--media-cursor, pointer);
      }

      #thumb {
        border-radius: var(--media-range-thumb-border-radius, 10px);
        background: var(--media-range-thumb-background, var(--media-primary-color, rgb(238 238 238)));
        box-shadow: var(--media-range-thumb-box-shadow, 1px 1px 1px transparent);
        border: var(--media-range-thumb-border, none);
      }

      :host([disabled]) #thumb {
        background-color: #777;
      }

      .segments #appearance {
        height: var(--media-range-segment-hover-height, 7px);
      }

      #track {
        clip-path: url(#segments-clipping);
      }

      #segments {
        --segments-gap: var(--media-range-segments-gap, 2px);
        position: absolute;
        width: 100%;
        height: 100%;
      }

      #segments-clipping {
        transform: translateX(calc(var(--segments-gap) / 2));
      }

      #segments-clipping:empty {
        display: none;
      }

      #segments-clipping rect {
        height: var(--media-range-track-height, 4px);
        y: calc((var(--media-range-segment-hover-height, 7px) - var(--media-range-track-height, 4px)) / 2);
        transition: var(--media-range-segment-transition, transform .1s ease-in-out);
        transform: var(--media-range-segment-transform, scaleY(1));
        transform-origin: center;
      }

      /* Visible label for accessibility - positioned off-screen but technically visible (Firefox requires visible labels) */
      #range-label {
        position: absolute;
        left: -10000px;
        background: var(--media-control-background, var(--media-secondary-color, rgb(20 20 30 / .7)));
        pointer-events: none;
      }
    </style>
    <div id="leftgap"></div>
    <div id="container">
      <div id="startpoint"></div>
      <div id="endpoint"></div>
      <div id="appearance">
        <div id="track" part="track">
          <div id="pointer"></div>
          <div id="progress" part="progress"></div>
        </div>
        <slot name="thumb">
          <div id="thumb" part="thumb"></div>
        </slot>
        <svg id="segments" aria-hidden="true"><clipPath id="segments-clipping"></clipPath></svg>
      </div>
        <input id="range" type="range" min="0" max="1" step="any" value="0">
        <label for="range" id="range-label"></label>

      ${this.getContainerTemplateHTML(t)}
    </div>
    <div id="rightgap"></div>
  `}function ko(t){return""}class Kt extends d.HTMLElement{constructor(){if(super(),H(this,Pa),H(this,Ei),H(this,vi),H(this,Ci),H(this,ma),H(this,pa),H(this,Ea),H(this,va),H(this,he,void 0),H(this,Gi,void 0),H(this,ci,void 0),H(this,ui,void 0),H(this,se,{}),H(this,Di,[]),H(this,hi,()=>{if(this.range.matches(":focus-visible")){const{style:e}=B(this.shadowRoot,":host");e.setProperty("--_focus-visible-box-shadow","var(--_focus-box-shadow)")}}),H(this,mi,()=>{const{style:e}=B(this.shadowRoot,":host");e.removeProperty("--_focus-visible-box-shadow")}),H(this,pi,()=>{const e=this.shadowRoot.querySelector("#segments-clipping");e&&e.parentNode.append(e)}),!this.shadowRoot){this.attachShadow(this.constructor.shadowRootOptions);const e=Ae(this.attributes),i=this.constructor.getTemplateHTML(e);this.shadowRoot.setHTMLUnsafe?this.shadowRoot.setHTMLUnsafe(i):this.shadowRoot.innerHTML=i}this.container=this.shadowRoot.querySelector("#container"),Le(this,ci,this.shadowRoot.querySelector("#startpoint")),Le(this,ui,this.shadowRoot.querySelector("#endpoint")),this.range=this.shadowRoot.querySelector("#range"),this.appearance=this.shadowRoot.querySelector("#appearance")}static get observedAttributes(){return["disabled","aria-disabled",w.MEDIA_CONTROLLER]}attributeChangedCallback(e,i,a){var n,r,s,l,c;e===w.MEDIA_CONTROLLER?(i&&((r=(n=R(this,he))==null?void 0:n.unassociateElement)==null||r.call(n,this),Le(this,he,null)),a&&this.isConnected&&(Le(this,he,(s=this.getRootNode())==null?void 0:s.getElementById(a)),(c=(l=R(this,he))==null?void 0:l.associateElement)==null||c.call(l,this))):(e==="disabled"||e==="aria-disabled"&&i!==a)&&(a==null?(this.range.removeAttribute(e),re(this,Ei,ua).call(this)):(this.range.setAttribute(e,a),re(this,vi,ha).call(this)))}connectedCallback(){var e,i,a;const{style:n}=B(this.shadowRoot,":host");n.setProperty("display",`var(--media-control-display, var(--${this.localName}-display, inline-flex))`),R(this,se).pointer=B(this.shadowRoot,"#pointer"),R(this,se).progress=B(this.shadowRoot,"#progress"),R(this,se).thumb=B(this.shadowRoot,'#thumb, ::slotted([slot="thumb"])'),R(this,se).activeSegment=B(this.shadowRoot,"#segments-clipping rect:nth-child(0)");const r=this.getAttribute(w.MEDIA_CONTROLLER);r&&(Le(this,he,(e=this.getRootNode())==null?void 0:e.getElementById(r)),(a=(i=R(this,he))==null?void 0:i.associateElement)==null||a.call(i,this)),this.updateBar(),this.shadowRoot.addEventListener("focusin",R(this,hi)),this.shadowRoot.addEventListener("focusout",R(this,mi)),re(this,Ei,ua).call(this),jn(this.container,R(this,pi))}disconnectedCallback(){var e,i;re(this,vi,ha).call(this),(i=(e=R(this,he))==null?void 0:e.unassociateElement)==null||i.call(e,this),Le(this,he,null),this.shadowRoot.removeEventListener("focusin",R(this,hi)),this.shadowRoot.removeEventListener("focusout",R(this,mi)),er(this.container,R(this,pi))}updatePointerBar(e){var i;(i=R(this,se).pointer)==null||i.style.setProperty("width",`${this.getPointerRatio(e)*100}%`)}updateBar(){var e,i;const a=this.range.valueAsNumber*100;(e=R(this,se).progress)==null||e.style.setProperty("width",`${a}%`),(i=R(this,se).thumb)==null||i.style.setProperty("left",`${a}%`)}updateSegments(e){const i=this.shadowRoot.querySelector("#segments-clipping");if(i.textContent="",this.container.classList.toggle("segments",!!e?.length),!e?.length)return;const a=[...new Set([+this.range.min,...e.flatMap(r=>[r.start,r.end]),+this.range.max])];Le(this,Di,[...a]);const n=a.pop();for(const[r,s]of a.entries()){const[l,c]=[r===0,r===a.length-1],A=l?"calc(var(--segments-gap) / -1)":`${s*100}%`,g=`calc(${((c?n:a[r+1])-s)*100}%${l||c?"":" - var(--segments-gap)"})`,E=G.createElementNS("http://www.w3.org/2000/svg","rect"),h=ar(this.shadowRoot,`#segments-clipping rect:nth-child(${r+1})`);h.style.setProperty("x",A),h.style.setProperty("width",g),i.append(E)}}getPointerRatio(e){return os(e.clientX,e.clientY,R(this,ci).getBoundingClientRect(),R(this,ui).getBoundingClientRect())}get dragging(){return this.hasAttribute("dragging")}handleEvent(e){switch(e.type){case"pointermove":re(this,va,Pr).call(this,e);break;case"input":this.updateBar();break;case"pointerenter":re(this,ma,Cr).call(this,e);break;case"pointerdown":re(this,Ci,xa).call(this,e);break;case"pointerup":re(this,pa,Or).call(this);break;case"pointerleave":re(this,Ea,Ur).call(this);break}}get keysUsed(){return["ArrowUp","ArrowRight","ArrowDown","ArrowLeft"]}}he=new WeakMap;Gi=new WeakMap;ci=new WeakMap;ui=new WeakMap;se=new WeakMap;Di=new WeakMap;hi=new WeakMap;mi=new WeakMap;pi=new WeakMap;Pa=new WeakSet;Dr=function(t){const e=R(this,se).activeSegment;if(!e)return;const i=this.getPointerRatio(t),n=`#segments-clipping rect:nth-child(${R(this,Di).findIndex((r,s,l)=>{const c=l[s+1];return c!=null&&i>=r&&i<=c})+1})`;(e.selectorText!=n||!e.style.transform)&&(e.selectorText=n,e.style.setProperty("transform","var(--media-range-segment-hover-transform, scaleY(2))"))};Ei=new WeakSet;ua=function(){this.hasAttribute("disabled")||!this.isConnected||(this.addEventListener("input",this),this.addEventListener("pointerdown",this),this.addEventListener("pointerenter",this))};vi=new WeakSet;ha=function(){var t,e;this.removeEventListener("input",this),this.removeEventListener("pointerdown",this),this.removeEventListener("pointerenter",this),this.removeEventListener("pointerleave",this),(t=d.window)==null||t.removeEventListener("pointerup",this),(e=d.window)==null||e.removeEventListener("pointermove",this)};Ci=new WeakSet;xa=function(t){var e;Le(this,Gi,t.composedPath().includes(this.range)),(e=d.window)==null||e.addEventListener("pointerup",this,{once:!0})};ma=new WeakSet;Cr=function(t){var e;t.pointerType!=="mouse"&&re(this,Ci,xa).call(this,t),this.addEventListener("pointerleave",this,{once:!0}),(e=d.window)==null||e.addEventListener("pointermove",this)};pa=new WeakSet;Or=function(){var t;(t=d.window)==null||t.removeEventListener("pointerup",this),this.toggleAttribute("dragging",!1),this.range.disabled=this.hasAttribute("disabled")};Ea=new WeakSet;Ur=function(){var t,e;this.removeEventListener("pointerleave",this),(t=d.window)==null||t.removeEventListener("pointermove",this),this.toggleAttribute("dragging",!1),this.range.disabled=this.hasAttribute("disabled"),(e=R(this,se).activeSegment)==null||e.style.removeProperty("transform")};va=new WeakSet;Pr=function(t){t.pointerType==="pen"&&t.buttons===0||(this.toggleAttribute("dragging",t.buttons===1||t.pointerType!=="mouse"),this.updatePointerBar(t),re(this,Pa,Dr).call(this,t),this.dragging&&(t.pointerType!=="mouse"||!R(this,Gi))&&(this.range.disabled=!0,this.range.valueAsNumber=this.getPointerRatio(t),this.range.dispatchEvent(new Event("input",{bubbles:!0,composed:!0}))))};Kt.shadowRootOptions={mode:"open"};Kt.getTemplateHTML=Io;Kt.getContainerTemplateHTML=ko;d.customElements.get("media-chrome-range")||d.customElements.define("media-chrome-range",Kt);var xr=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},Jt=(t,e,i)=>(xr(t,e,"read from private field"),i?i.call(t):e.get(t)),wo=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},jt=(t,e,i,a)=>(xr(t,e,"write to private field"),e.set(t,i),i),me;function Mo(t){return`
    <style nonce="${d.vidpipeNonce}">
      :host {
        box-sizing: border-box;
        display: var(--media-control-display, var(--media-preview-thumbnail-display, inline-block));
        overflow: hidden;
      }

      img {
        display: none;
        position: relative;
      }
    </style>
    <img crossorigin loading="eager" decoding="async">
  `}class qi extends d.HTMLElement{constructor(){if(super(),wo(this,me,void 0),!this.shadowRoot){this.attachShadow(this.constructor.shadowRootOptions);const e=Ae(this.attributes);this.shadowRoot.innerHTML=this.constructor.getTemplateHTML(e)}}static get observedAttributes(){return[w.MEDIA_CONTROLLER,o.MEDIA_PREVIEW_IMAGE,o.MEDIA_PREVIEW_COORDS]}connectedCallback(){var e,i,a;const n=this.getAttribute(w.MEDIA_CONTROLLER);n&&(jt(this,me,(e=this.getRootNode())==null?void 0:e.getElementById(n)),(a=(i=Jt(this,me))==null?void 0:i.associateElement)==null||a.call(i,this))}disconnectedCallback(){var e,i;(i=(e=Jt(this,me))==null?void 0:e.unassociateElement)==null||i.call(e,this),jt(this,me,null)}attributeChangedCallback(e,i,a){var n,r,s,l,c;[o.MEDIA_PREVIEW_IMAGE,o.MEDIA_PREVIEW_COORDS].includes(e)&&this.update(),e===w.MEDIA_CONTROLLER&&(i&&((r=(n=Jt(this,me))==null?void 0:n.unassociateElement)==null||r.call(n,this),jt(this,me,null)),a&&this.isConnected&&(jt(this,me,(s=this.getRootNode())==null?void 0:s.getElementById(a)),(c=(l=Jt(this,me))==null?void 0:l.associateElement)==null||c.call(l,this)))}get mediaPreviewImage(){return Y(this,o.MEDIA_PREVIEW_IMAGE)}set mediaPreviewImage(e){q(this,o.MEDIA_PREVIEW_IMAGE,e)}get mediaPreviewCoords(){const e=this.getAttribute(o.MEDIA_PREVIEW_COORDS);if(e)return e.split(/\s+/).map(i=>+i)}set mediaPreviewCoords(e){if(!e){this.removeAttribute(o.MEDIA_PREVIEW_COORDS);return}this.setAttribute(o.MEDIA_PREVIEW_COORDS,e.join(" "))}update(){const e=this.mediaPreviewCoords,i=this.mediaPreviewImage;if(!(e&&i))return;const[a,n,r,s]=e,l=i.split("#")[0],c=getComputedStyle(this),{maxWidth:A,maxHeight:T,minWidth:g,minHeight:E}=c,h=c.getPropertyValue("--media-preview-thumbnail-object-fit").trim()||"contain";let _,p;if(h==="fill"){const fe=parseInt(A)/r,_e=parseInt(T)/s,ft=parseInt(g)/r,Ue=parseInt(E)/s;_=fe<1?fe:Math.max(fe,ft),p=_e<1?_e:Math.max(_e,Ue)}else{const fe=Math.min(parseInt(A)/r,parseInt(T)/s),_e=Math.max(parseInt(g)/r,parseInt(E)/s),Ue=fe<1?fe:_e>1?_e:1;_=Ue,p=Ue}const{style:S}=B(this.shadowRoot,":host"),b=B(this.shadowRoot,"img").style,V=this.shadowRoot.querySelector("img"),vt=Math.min(_,p)<1?"min":"max";S.setProperty(`${vt}-width`,"initial","important"),S.setProperty(`${vt}-height`,"initial","important"),S.width=`${r*_}px`,S.height=`${s*p}px`;const Ve=()=>{b.width=`${this.imgWidth*_}px`,b.height=`${this.imgHeight*p}px`,b.display="block"};V.src!==l&&(V.onload=()=>{this.imgWidth=V.naturalWidth,this.imgHeight=V.naturalHeight,Ve(),V.onload=null},V.src=l,Ve()),Ve(),b.transform=`translate(-${a*_}px, -${n*p}px)`}}me=new WeakMap;qi.shadowRootOptions={mode:"open"};qi.getTemplateHTML=Mo;d.customElements.get("media-preview-thumbnail")||d.customElements.define("media-preview-thumbnail",qi);var On=qi,Nr=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},ei=(t,e,i)=>(Nr(t,e,"read from private field"),i?i.call(t):e.get(t)),Lo=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},ti=(t,e,i,a)=>(Nr(t,e,"write to private field"),e.set(t,i),i),pe;function Ro(t,e={}){return`
    <style nonce="${d.vidpipeNonce}">
      :host {
        font: var(--media-font,
          var(--media-font-weight, normal)
          var(--media-font-size, 14px) /
          var(--media-text-content-height, var(--media-control-height, 24px))
          var(--media-font-family, helvetica neue, segoe ui, roboto, arial, sans-serif));
        color: var(--media-text-color, var(--media-primary-color, rgb(238 238 238)));
        background: var(--media-text-background, var(--media-control-background, var(--media-secondary-color, rgb(20 20 30 / .7))));
        padding: var(--media-control-padding, 10px);
        display: inline-flex;
        justify-content: center;
        align-items: center;
        vertical-align: middle;
        box-sizing: border-box;
        text-align: center;
        pointer-events: auto;
      }

      
      :host(:focus-visible) {
        box-shadow: var(--media-focus-box-shadow, inset 0 0 0 2px rgb(27 127 204 / .9));
        outline: 0;
      }

      
      :host(:where(:focus)) {
        box-shadow: none;
        outline: 0;
      }
    </style>

    ${this.getSlotTemplateHTML(t,e)}
  `}function Do(t,e){return`
    <slot></slot>
  `}class pt extends d.HTMLElement{constructor(){if(super(),Lo(this,pe,void 0),!this.shadowRoot){this.attachShadow(this.constructor.shadowRootOptions);const e=Ae(this.attributes);this.shadowRoot.innerHTML=this.constructor.getTemplateHTML(e)}}static get observedAttributes(){return[w.MEDIA_CONTROLLER]}attributeChangedCallback(e,i,a){var n,r,s,l,c;e===w.MEDIA_CONTROLLER&&(i&&((r=(n=ei(this,pe))==null?void 0:n.unassociateElement)==null||r.call(n,this),ti(this,pe,null)),a&&this.isConnected&&(ti(this,pe,(s=this.getRootNode())==null?void 0:s.getElementById(a)),(c=(l=ei(this,pe))==null?void 0:l.associateElement)==null||c.call(l,this)))}connectedCallback(){var e,i,a;const{style:n}=B(this.shadowRoot,":host");n.setProperty("display",`var(--media-control-display, var(--${this.localName}-display, inline-flex))`);const r=this.getAttribute(w.MEDIA_CONTROLLER);r&&(ti(this,pe,(e=this.getRootNode())==null?void 0:e.getElementById(r)),(a=(i=ei(this,pe))==null?void 0:i.associateElement)==null||a.call(i,this))}disconnectedCallback(){var e,i;(i=(e=ei(this,pe))==null?void 0:e.unassociateElement)==null||i.call(e,this),ti(this,pe,null)}}pe=new WeakMap;pt.shadowRootOptions={mode:"open"};pt.getTemplateHTML=Ro;pt.getSlotTemplateHTML=Do;d.customElements.get("media-text-display")||d.customElements.define("media-text-display",pt);const Un=[{singular:"hour",plural:"hours"},{singular:"minute",plural:"minutes"},{singular:"second",plural:"seconds"}],Pn=(t,e)=>{const i=L(t===1?Un[e].singular:Un[e].plural);return`${t} ${i}`},xn=t=>{if(!wa(t))return"";const e=Math.abs(t),i=e!==t,a=new Date(0,0,0,0,0,e,0),r=[a.getHours(),a.getMinutes(),a.getSeconds()].map((s,l)=>s&&Pn(s,l)).filter(s=>s).join(", ");return i?L("{time} remaining",{time:r}):e===0?Pn(0,2):r};function Nn(t,e){let i=!1;t<0&&(i=!0,t=0-t),t=t<0?0:t;let a=Math.floor(t%60),n=Math.floor(t/60%60),r=Math.floor(t/3600);const s=Math.floor(e/60%60),l=Math.floor(e/3600);return(isNaN(t)||t===1/0)&&(r=n=a="0"),r=r>0||l>0?r+":":"",n=((r||s>=10)&&n<10?"0"+n:n)+":",a=a<10?"0"+a:a,(i?"-":"")+r+n+a}var $r=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},$n=(t,e,i)=>($r(t,e,"read from private field"),i?i.call(t):e.get(t)),Co=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},Oo=(t,e,i,a)=>($r(t,e,"write to private field"),e.set(t,i),i),Mt;class Uo extends pt{constructor(){super(),Co(this,Mt,void 0),Oo(this,Mt,this.shadowRoot.querySelector("slot")),$n(this,Mt).textContent=Nn(0)}static get observedAttributes(){return[...super.observedAttributes,o.MEDIA_PREVIEW_TIME]}attributeChangedCallback(e,i,a){super.attributeChangedCallback(e,i,a),e===o.MEDIA_PREVIEW_TIME&&a!=null&&($n(this,Mt).textContent=Nn(parseFloat(a)))}get mediaPreviewTime(){return Ce(this,o.MEDIA_PREVIEW_TIME)}set mediaPreviewTime(e){Oe(this,o.MEDIA_PREVIEW_TIME,e)}}Mt=new WeakMap;d.customElements.get("media-preview-time-display")||d.customElements.define("media-preview-time-display",Uo);var Fr=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},Po=(t,e,i)=>(Fr(t,e,"read from private field"),i?i.call(t):e.get(t)),xo=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},No=(t,e,i,a)=>(Fr(t,e,"write to private field"),e.set(t,i),i),fi;class $o extends pt{constructor(){super(),xo(this,fi,void 0),No(this,fi,this.shadowRoot.querySelector("slot"))}static get observedAttributes(){return[...super.observedAttributes,o.MEDIA_PREVIEW_CHAPTER,o.MEDIA_LANG]}attributeChangedCallback(e,i,a){if(super.attributeChangedCallback(e,i,a),(e===o.MEDIA_PREVIEW_CHAPTER||e===o.MEDIA_LANG)&&a!==i&&a!=null)if(Po(this,fi).textContent=a,a!==""){const n=L("chapter: {chapterName}",{chapterName:a});this.setAttribute("aria-valuetext",n)}else this.removeAttribute("aria-valuetext")}get mediaPreviewChapter(){return Y(this,o.MEDIA_PREVIEW_CHAPTER)}set mediaPreviewChapter(e){q(this,o.MEDIA_PREVIEW_CHAPTER,e)}}fi=new WeakMap;d.customElements.get("media-preview-chapter-display")||d.customElements.define("media-preview-chapter-display",$o);var Hr=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},$=(t,e,i)=>(Hr(t,e,"read from private field"),e.get(t)),le=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},Z=(t,e,i,a)=>(Hr(t,e,"write to private field"),e.set(t,i),i),Fo=(t,e,i,a)=>({set _(n){Z(t,e,n)},get _(){return $(t,e)}}),et,_i,tt,Lt,gi,bi,Ti,it,$e,Ai;class Ho{constructor(e,i,a){le(this,et,void 0),le(this,_i,void 0),le(this,tt,void 0),le(this,Lt,void 0),le(this,gi,void 0),le(this,bi,void 0),le(this,Ti,void 0),le(this,it,void 0),le(this,$e,0),le(this,Ai,(n=performance.now())=>{Z(this,$e,requestAnimationFrame($(this,Ai))),Z(this,Lt,performance.now()-$(this,tt));const r=1e3/this.fps;if($(this,Lt)>r){Z(this,tt,n-$(this,Lt)%r);const s=1e3/((n-$(this,_i))/++Fo(this,gi)._),l=(n-$(this,bi))/1e3/this.duration;let c=$(this,Ti)+l*this.playbackRate;c-$(this,et).valueAsNumber>0?Z(this,it,this.playbackRate/this.duration/s):(Z(this,it,.995*$(this,it)),c=$(this,et).valueAsNumber+$(this,it)),this.callback(c)}}),Z(this,et,e),this.callback=i,this.fps=a}start(){$(this,$e)===0&&(Z(this,tt,performance.now()),Z(this,_i,$(this,tt)),Z(this,gi,0),$(this,Ai).call(this))}stop(){$(this,$e)!==0&&(cancelAnimationFrame($(this,$e)),Z(this,$e,0))}update({start:e,duration:i,playbackRate:a}){const n=e-$(this,et).valueAsNumber,r=Math.abs(i-this.duration);(n>0||n<-.5/i||r>=.5)&&this.callback(e),Z(this,Ti,e),Z(this,bi,performance.now()),this.duration=i,this.playbackRate=a}}et=new WeakMap;_i=new WeakMap;tt=new WeakMap;Lt=new WeakMap;gi=new WeakMap;bi=new WeakMap;Ti=new WeakMap;it=new WeakMap;$e=new WeakMap;Ai=new WeakMap;var Na=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},k=(t,e,i)=>(Na(t,e,"read from private field"),i?i.call(t):e.get(t)),x=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},j=(t,e,i,a)=>(Na(t,e,"write to private field"),e.set(t,i),i),ee=(t,e,i)=>(Na(t,e,"access private method"),i),at,Re,Oi,Ut,Ui,Si,Ft,Ht,nt,rt,Rt,fa,Wr,_a,Pi,$a,xi,Fa,Ni,Ha,ga,Br,Wt,$i,ba,Vr;const Wo=t=>{const e=t.range,i=xn(+Kr(t)),a=xn(+t.mediaSeekableEnd),n=i&&a?L("{currentTime} of {totalTime}",{currentTime:i,totalTime:a}):L("video not loaded, unknown time.");e.setAttribute("aria-valuetext",n)};function Bo(t){return`
    <style nonce="${d.vidpipeNonce}">
      :host {
        --media-box-border-radius: 4px;
        --media-box-padding-left: 10px;
        --media-box-padding-right: 10px;
        --media-preview-border-radius: var(--media-box-border-radius);
        --media-box-arrow-offset: var(--media-box-border-radius);
        --_control-background: var(--media-control-background, var(--media-secondary-color, rgb(20 20 30 / .7)));
        --_preview-background: var(--media-preview-background, var(--_control-background));

        
        contain: layout;
      }

      #buffered {
        background: var(--media-time-range-buffered-color, rgb(255 255 255 / .4));
        position: absolute;
        height: 100%;
        will-change: width;
      }

      #preview-rail,
      #current-rail {
        width: 100%;
        position: absolute;
        left: 0;
        bottom: 100%;
        pointer-events: none;
        will-change: transform;
      }

      [part~="box"] {
        width: min-content;
        
        position: absolute;
        bottom: 100%;
        flex-direction: column;
        align-items: center;
        transform: translateX(-50%);
      }

      [part~="current-box"] {
        display: var(--media-current-box-display, var(--media-box-display, flex));
        margin: var(--media-current-box-margin, var(--media-box-margin, 0 0 5px));
        visibility: hidden;
      }

      [part~="preview-box"] {
        display: var(--media-preview-box-display, var(--media-box-display, flex));
        margin: var(--media-preview-box-margin, var(--media-box-margin, 0 0 5px));
        transition-property: var(--media-preview-transition-property, visibility, opacity);
        transition-duration: var(--media-preview-transition-duration-out, .25s);
        transition-delay: var(--media-preview-transition-delay-out, 0s);
        visibility: hidden;
        opacity: 0;
      }

      :host(:is([${o.MEDIA_PREVIEW_IMAGE}], [${o.MEDIA_PREVIEW_TIME}])[dragging]) [part~="preview-box"] {
        transition-duration: var(--media-preview-transition-duration-in, .5s);
        transition-delay: var(--media-preview-transition-delay-in, .25s);
        visibility: visible;
        opacity: 1;
      }

      @media (hover: hover) {
        :host(:is([${o.MEDIA_PREVIEW_IMAGE}], [${o.MEDIA_PREVIEW_TIME}]):hover) [part~="preview-box"] {
          transition-duration: var(--media-preview-transition-duration-in, .5s);
          transition-delay: var(--media-preview-transition-delay-in, .25s);
          visibility: visible;
          opacity: 1;
        }
      }

      media-preview-thumbnail,
      ::slotted(media-preview-thumbnail) {
        visibility: hidden;
        
        transition: visibility 0s .25s;
        transition-delay: calc(var(--media-preview-transition-delay-out, 0s) + var(--media-preview-transition-duration-out, .25s));
        background: var(--media-preview-thumbnail-background, var(--_preview-background));
        box-shadow: var(--media-preview-thumbnail-box-shadow, 0 0 4px rgb(0 0 0 / .2));
        max-width: var(--media-preview-thumbnail-max-width, 180px);
        max-height: var(--media-preview-thumbnail-max-height, 160px);
        min-width: var(--media-preview-thumbnail-min-width, 120px);
        min-height: var(--media-preview-thumbnail-min-height, 80px);
        border: var(--media-preview-thumbnail-border);
        border-radius: var(--media-preview-thumbnail-border-radius,
          var(--media-preview-border-radius) var(--media-preview-border-radius) 0 0);
      }

      :host([${o.MEDIA_PREVIEW_IMAGE}][dragging]) media-preview-thumbnail,
      :host([${o.MEDIA_PREVIEW_IMAGE}][dragging]) ::slotted(media-preview-thumbnail) {
        transition-delay: var(--media-preview-transition-delay-in, .25s);
        visibility: visible;
      }

      @media (hover: hover) {
        :host([${o.MEDIA_PREVIEW_IMAGE}]:hover) media-preview-thumbnail,
        :host([${o.MEDIA_PREVIEW_IMAGE}]:hover) ::slotted(media-preview-thumbnail) {
          transition-delay: var(--media-preview-transition-delay-in, .25s);
          visibility: visible;
        }

        :host([${o.MEDIA_PREVIEW_TIME}]:hover) {
          --media-time-range-hover-display: block;
        }
      }

      media-preview-chapter-display,
      ::slotted(media-preview-chapter-display) {
        font-size: var(--media-font-size, 13px);
        line-height: 17px;
        min-width: 0;
        visibility: hidden;
        
        transition: min-width 0s, border-radius 0s, margin 0s, padding 0s, visibility 0s;
        transition-delay: calc(var(--media-preview-transition-delay-out, 0s) + var(--media-preview-transition-duration-out, .25s));
        background: var(--media-preview-chapter-background, var(--_preview-background));
        border-radius: var(--media-preview-chapter-border-radius,
          var(--media-preview-border-radius) var(--media-preview-border-radius)
          var(--media-preview-border-radius) var(--media-preview-border-radius));
        padding: var(--media-preview-chapter-padding, 3.5px 9px);
        margin: var(--media-preview-chapter-margin, 0 0 5px);
        text-shadow: var(--media-preview-chapter-text-shadow, 0 0 4px rgb(0 0 0 / .75));
      }

      :host([${o.MEDIA_PREVIEW_IMAGE}]) media-preview-chapter-display,
      :host([${o.MEDIA_PREVIEW_IMAGE}]) ::slotted(media-preview-chapter-display) {
        transition-delay: var(--media-preview-transition-delay-in, .25s);
        border-radius: var(--media-preview-chapter-border-radius, 0);
        padding: var(--media-preview-chapter-padding, 3.5px 9px 0);
        margin: var(--media-preview-chapter-margin, 0);
        min-width: 100%;
      }

      media-preview-chapter-display[${o.MEDIA_PREVIEW_CHAPTER}],
      ::slotted(media-preview-chapter-display[${o.MEDIA_PREVIEW_CHAPTER}]) {
        visibility: visible;
      }

      media-preview-chapter-display:not([aria-valuetext]),
      ::slotted(media-preview-chapter-display:not([aria-valuetext])) {
        display: none;
      }

      media-preview-time-display,
      ::slotted(media-preview-time-display),
      media-time-display,
      ::slotted(media-time-display) {
        font-size: var(--media-font-size, 13px);
        line-height: 17px;
        min-width: 0;
        
        transition: min-width 0s, border-radius 0s;
        transition-delay: calc(var(--media-preview-transition-delay-out, 0s) + var(--media-preview-transition-duration-out, .25s));
        background: var(--media-preview-time-background, var(--_preview-background));
        border-radius: var(--media-preview-time-border-radius,
          var(--media-preview-border-radius) var(--media-preview-border-radius)
          var(--media-preview-border-radius) var(--media-preview-border-radius));
        padding: var(--media-preview-time-padding, 3.5px 9px);
        margin: var(--media-preview-time-margin, 0);
        text-shadow: var(--media-preview-time-text-shadow, 0 0 4px rgb(0 0 0 / .75));
        transform: translateX(min(
          max(calc(50% - var(--_box-width) / 2),
          calc(var(--_box-shift, 0))),
          calc(var(--_box-width) / 2 - 50%)
        ));
      }

      :host([${o.MEDIA_PREVIEW_IMAGE}]) media-preview-time-display,
      :host([${o.MEDIA_PREVIEW_IMAGE}]) ::slotted(media-preview-time-display) {
        transition-delay: var(--media-preview-transition-delay-in, .25s);
        border-radius: var(--media-preview-time-border-radius,
          0 0 var(--media-preview-border-radius) var(--media-preview-border-radius));
        min-width: 100%;
      }

      :host([${o.MEDIA_PREVIEW_TIME}]:hover) {
        --media-time-range-hover-display: block;
      }

      [part~="arrow"],
      ::slotted([part~="arrow"]) {
        display: var(--media-box-arrow-display, inline-block);
        transform: translateX(min(
          max(calc(50% - var(--_box-width) / 2 + var(--media-box-arrow-offset)),
          calc(var(--_box-shift, 0))),
          calc(var(--_box-width) / 2 - 50% - var(--media-box-arrow-offset))
        ));
        
        border-color: transparent;
        border-top-color: var(--media-box-arrow-background, var(--_control-background));
        border-width: var(--media-box-arrow-border-width,
          var(--media-box-arrow-height, 5px) var(--media-box-arrow-width, 6px) 0);
        border-style: solid;
        justify-content: center;
        height: 0;
      }
    </style>
    <div id="preview-rail">
      <slot name="preview" part="box preview-box">
        <media-preview-thumbnail>
          <template shadowrootmode="${On.shadowRootOptions.mode}">
            ${On.getTemplateHTML({})}
          </template>
        </media-preview-thumbnail>
        <media-preview-chapter-display></media-preview-chapter-display>
        <media-preview-time-display></media-preview-time-display>
        <slot name="preview-arrow"><div part="arrow"></div></slot>
      </slot>
    </div>
    <div id="current-rail">
      <slot name="current" part="box current-box">
        
      </slot>
    </div>
  `}const ii=(t,e=t.mediaCurrentTime)=>{const i=Number.isFinite(t.mediaSeekableStart)?t.mediaSeekableStart:0,a=Number.isFinite(t.mediaDuration)?t.mediaDuration:t.mediaSeekableEnd;if(Number.isNaN(a))return 0;const n=(e-i)/(a-i);return Math.max(0,Math.min(n,1))},Kr=(t,e=t.range.valueAsNumber)=>{const i=Number.isFinite(t.mediaSeekableStart)?t.mediaSeekableStart:0,a=Number.isFinite(t.mediaDuration)?t.mediaDuration:t.mediaSeekableEnd;return Number.isNaN(a)?0:e*(a-i)+i};class Wa extends Kt{constructor(){super(),x(this,fa),x(this,Pi),x(this,xi),x(this,Ni),x(this,ga),x(this,Wt),x(this,ba),x(this,at,null),x(this,Re,void 0),x(this,Oi,void 0),x(this,Ut,void 0),x(this,Ui,void 0),x(this,Si,void 0),x(this,Ft,void 0),x(this,Ht,void 0),x(this,nt,void 0),x(this,rt,void 0),x(this,Rt,()=>{ee(this,fa,Wr).call(this)?k(this,Re).start():k(this,Re).stop()}),x(this,_a,a=>{this.dragging||(wa(a)&&(this.range.valueAsNumber=a),k(this,rt)||this.updateBar())}),this.shadowRoot.querySelector("#track").insertAdjacentHTML("afterbegin",'<div id="buffered" part="buffered"></div>'),j(this,Oi,this.shadowRoot.querySelectorAll('[part~="box"]')),j(this,Ui,this.shadowRoot.querySelector('[part~="preview-box"]')),j(this,Si,this.shadowRoot.querySelector('[part~="current-box"]'));const i=getComputedStyle(this);j(this,Ft,parseInt(i.getPropertyValue("--media-box-padding-left"))),j(this,Ht,parseInt(i.getPropertyValue("--media-box-padding-right"))),j(this,Re,new Ho(this.range,k(this,_a),60))}static get observedAttributes(){return[...super.observedAttributes,o.MEDIA_PAUSED,o.MEDIA_DURATION,o.MEDIA_SEEKABLE,o.MEDIA_CURRENT_TIME,o.MEDIA_PREVIEW_IMAGE,o.MEDIA_PREVIEW_TIME,o.MEDIA_PREVIEW_CHAPTER,o.MEDIA_BUFFERED,o.MEDIA_PLAYBACK_RATE,o.MEDIA_LOADING,o.MEDIA_ENDED]}connectedCallback(){var e;super.connectedCallback(),this.range.setAttribute("aria-label",L("seek")),k(this,Rt).call(this),j(this,at,this.getRootNode()),(e=k(this,at))==null||e.addEventListener("transitionstart",this)}disconnectedCallback(){var e;super.disconnectedCallback(),k(this,Re).stop(),(e=k(this,at))==null||e.removeEventListener("transitionstart",this),j(this,at,null)}attributeChangedCallback(e,i,a){super.attributeChangedCallback(e,i,a),i!=a&&(e===o.MEDIA_CURRENT_TIME||e===o.MEDIA_PAUSED||e===o.MEDIA_ENDED||e===o.MEDIA_LOADING||e===o.MEDIA_DURATION||e===o.MEDIA_SEEKABLE?(k(this,Re).update({start:ii(this),duration:this.mediaSeekableEnd-this.mediaSeekableStart,playbackRate:this.mediaPlaybackRate}),k(this,Rt).call(this),Wo(this)):e===o.MEDIA_BUFFERED&&this.updateBufferedBar(),(e===o.MEDIA_DURATION||e===o.MEDIA_SEEKABLE)&&(this.mediaChaptersCues=k(this,nt),this.updateBar()))}get mediaChaptersCues(){return k(this,nt)}set mediaChaptersCues(e){var i;j(this,nt,e),this.updateSegments((i=k(this,nt))==null?void 0:i.map(a=>({start:ii(this,a.startTime),end:ii(this,a.endTime)})))}get mediaPaused(){return D(this,o.MEDIA_PAUSED)}set mediaPaused(e){C(this,o.MEDIA_PAUSED,e)}get mediaLoading(){return D(this,o.MEDIA_LOADING)}set mediaLoading(e){C(this,o.MEDIA_LOADING,e)}get mediaDuration(){return Ce(this,o.MEDIA_DURATION)}set mediaDuration(e){Oe(this,o.MEDIA_DURATION,e)}get mediaCurrentTime(){return Ce(this,o.MEDIA_CURRENT_TIME)}set mediaCurrentTime(e){Oe(this,o.MEDIA_CURRENT_TIME,e)}get mediaPlaybackRate(){return Ce(this,o.MEDIA_PLAYBACK_RATE,1)}set mediaPlaybackRate(e){Oe(this,o.MEDIA_PLAYBACK_RATE,e)}get mediaBuffered(){const e=this.getAttribute(o.MEDIA_BUFFERED);return e?e.split(" ").map(i=>i.split(":").map(a=>+a)):[]}set mediaBuffered(e){if(!e){this.removeAttribute(o.MEDIA_BUFFERED);return}const i=e.map(a=>a.join(":")).join(" ");this.setAttribute(o.MEDIA_BUFFERED,i)}get mediaSeekable(){const e=this.getAttribute(o.MEDIA_SEEKABLE);if(e)return e.split(":").map(i=>+i)}set mediaSeekable(e){if(e==null){this.removeAttribute(o.MEDIA_SEEKABLE);return}this.setAttribute(o.MEDIA_SEEKABLE,e.join(":"))}get mediaSeekableEnd(){var e;const[,i=this.mediaDuration]=(e=this.mediaSeekable)!=null?e:[];return i}get mediaSeekableStart(){var e;const[i=0]=(e=this.mediaSeekable)!=null?e:[];return i}get mediaPreviewImage(){return Y(this,o.MEDIA_PREVIEW_IMAGE)}set mediaPreviewImage(e){q(this,o.MEDIA_PREVIEW_IMAGE,e)}get mediaPreviewTime(){return Ce(this,o.MEDIA_PREVIEW_TIME)}set mediaPreviewTime(e){Oe(this,o.MEDIA_PREVIEW_TIME,e)}get mediaEnded(){return D(this,o.MEDIA_ENDED)}set mediaEnded(e){C(this,o.MEDIA_ENDED,e)}updateBar(){super.updateBar(),this.updateBufferedBar(),this.updateCurrentBox()}updateBufferedBar(){var e;const i=this.mediaBuffered;if(!i.length)return;let a;if(this.mediaEnded)a=1;else{const r=this.mediaCurrentTime,[,s=this.mediaSeekableStart]=(e=i.find(([l,c])=>l<=r&&r<=c))!=null?e:[];a=ii(this,s)}const{style:n}=B(this.shadowRoot,"#buffered");n.setProperty("width",`${a*100}%`)}updateCurrentBox(){if(!this.shadowRoot.querySelector('slot[name="current"]').assignedElements().length)return;const i=B(this.shadowRoot,"#current-rail"),a=B(this.shadowRoot,'[part~="current-box"]'),n=ee(this,Pi,$a).call(this,k(this,Si)),r=ee(this,xi,Fa).call(this,n,this.range.valueAsNumber),s=ee(this,Ni,Ha).call(this,n,this.range.valueAsNumber);i.style.transform=`translateX(${r})`,i.style.setProperty("--_range-width",`${n.range.width}`),a.style.setProperty("--_box-shift",`${s}`),a.style.setProperty("--_box-width",`${n.box.width}px`),a.style.setProperty("visibility","initial")}handleEvent(e){switch(super.handleEvent(e),e.type){case"input":ee(this,ba,Vr).call(this);break;case"pointermove":ee(this,ga,Br).call(this,e);break;case"pointerup":k(this,rt)&&j(this,rt,!1);break;case"pointerdown":j(this,rt,!0);break;case"pointerleave":ee(this,Wt,$i).call(this,null);break;case"transitionstart":mt(e.target,this)&&setTimeout(()=>k(this,Rt).call(this),0);break}}}at=new WeakMap;Re=new WeakMap;Oi=new WeakMap;Ut=new WeakMap;Ui=new WeakMap;Si=new WeakMap;Ft=new WeakMap;Ht=new WeakMap;nt=new WeakMap;rt=new WeakMap;Rt=new WeakMap;fa=new WeakSet;Wr=function(){return this.isConnected&&!this.mediaPaused&&!this.mediaLoading&&!this.mediaEnded&&this.mediaSeekableEnd>0&&ir(this)};_a=new WeakMap;Pi=new WeakSet;$a=function(t){var e;const a=((e=this.getAttribute("bounds")?Bt(this,`#${this.getAttribute("bounds")}`):this.parentElement)!=null?e:this).getBoundingClientRect(),n=this.range.getBoundingClientRect(),r=t.offsetWidth,s=-(n.left-a.left-r/2),l=a.right-n.left-r/2;return{box:{width:r,min:s,max:l},bounds:a,range:n}};xi=new WeakSet;Fa=function(t,e){let i=`${e*100}%`;const{width:a,min:n,max:r}=t.box;if(!a)return i;if(Number.isNaN(n)||(i=`max(${`calc(1 / var(--_range-width) * 100 * ${n}% + var(--media-box-padding-left))`}, ${i})`),!Number.isNaN(r)){const l=`calc(1 / var(--_range-width) * 100 * ${r}% - var(--media-box-padding-right))`;i=`min(${i}, ${l})`}return i};Ni=new WeakSet;Ha=function(t,e){const{width:i,min:a,max:n}=t.box,r=e*t.range.width;if(r<a+k(this,Ft)){const s=t.range.left-t.bounds.left-k(this,Ft);return`${r-i/2+s}px`}if(r>n-k(this,Ht)){const s=t.bounds.right-t.range.right-k(this,Ht);return`${r+i/2-s-t.range.width}px`}return 0};ga=new WeakSet;Br=function(t){const e=[...k(this,Oi)].some(T=>t.composedPath().includes(T));if(!this.dragging&&(e||!t.composedPath().includes(this))){ee(this,Wt,$i).call(this,null);return}const i=this.mediaSeekableEnd;if(!i)return;const a=B(this.shadowRoot,"#preview-rail"),n=B(this.shadowRoot,'[part~="preview-box"]'),r=ee(this,Pi,$a).call(this,k(this,Ui));let s=(t.clientX-r.range.left)/r.range.width;s=Math.max(0,Math.min(1,s));const l=ee(this,xi,Fa).call(this,r,s),c=ee(this,Ni,Ha).call(this,r,s);a.style.transform=`translateX(${l})`,a.style.setProperty("--_range-width",`${r.range.width}`),n.style.setProperty("--_box-shift",`${c}`),n.style.setProperty("--_box-width",`${r.box.width}px`);const A=Math.round(k(this,Ut))-Math.round(s*i);Math.abs(A)<1&&s>.01&&s<.99||(j(this,Ut,s*i),ee(this,Wt,$i).call(this,k(this,Ut)))};Wt=new WeakSet;$i=function(t){this.dispatchEvent(new d.CustomEvent(v.MEDIA_PREVIEW_REQUEST,{composed:!0,bubbles:!0,detail:t}))};ba=new WeakSet;Vr=function(){k(this,Re).stop();const t=Kr(this);this.dispatchEvent(new d.CustomEvent(v.MEDIA_SEEK_REQUEST,{composed:!0,bubbles:!0,detail:t}))};Wa.shadowRootOptions={mode:"open"};Wa.getContainerTemplateHTML=Bo;d.customElements.get("media-time-range")||d.customElements.define("media-time-range",Wa);const Vo=`<svg aria-hidden="true" viewBox="0 0 24 24">
  <path d="M16.5 12A4.5 4.5 0 0 0 14 8v2.18l2.45 2.45a4.22 4.22 0 0 0 .05-.63Zm2.5 0a6.84 6.84 0 0 1-.54 2.64L20 16.15A8.8 8.8 0 0 0 21 12a9 9 0 0 0-7-8.77v2.06A7 7 0 0 1 19 12ZM4.27 3 3 4.27 7.73 9H3v6h4l5 5v-6.73l4.25 4.25A6.92 6.92 0 0 1 14 18.7v2.06A9 9 0 0 0 17.69 19l2 2.05L21 19.73l-9-9L4.27 3ZM12 4 9.91 6.09 12 8.18V4Z"/>
</svg>`,Fn=`<svg aria-hidden="true" viewBox="0 0 24 24">
  <path d="M3 9v6h4l5 5V4L7 9H3Zm13.5 3A4.5 4.5 0 0 0 14 8v8a4.47 4.47 0 0 0 2.5-4Z"/>
</svg>`,Ko=`<svg aria-hidden="true" viewBox="0 0 24 24">
  <path d="M3 9v6h4l5 5V4L7 9H3Zm13.5 3A4.5 4.5 0 0 0 14 8v8a4.47 4.47 0 0 0 2.5-4ZM14 3.23v2.06a7 7 0 0 1 0 13.42v2.06a9 9 0 0 0 0-17.54Z"/>
</svg>`;function Go(t){return`
    <style nonce="${d.vidpipeNonce}">
      :host(:not([${o.MEDIA_VOLUME_LEVEL}])) slot[name=icon] slot:not([name=high]),
      :host([${o.MEDIA_VOLUME_LEVEL}=high]) slot[name=icon] slot:not([name=high]) {
        display: none !important;
      }

      :host([${o.MEDIA_VOLUME_LEVEL}=off]) slot[name=icon] slot:not([name=off]) {
        display: none !important;
      }

      :host([${o.MEDIA_VOLUME_LEVEL}=low]) slot[name=icon] slot:not([name=low]) {
        display: none !important;
      }

      :host([${o.MEDIA_VOLUME_LEVEL}=medium]) slot[name=icon] slot:not([name=medium]) {
        display: none !important;
      }

      :host(:not([${o.MEDIA_VOLUME_LEVEL}=off])) slot[name=tooltip-unmute],
      :host([${o.MEDIA_VOLUME_LEVEL}=off]) slot[name=tooltip-mute] {
        display: none;
      }
    </style>

    <slot name="icon">
      <slot name="off">${Vo}</slot>
      <slot name="low">${Fn}</slot>
      <slot name="medium">${Fn}</slot>
      <slot name="high">${Ko}</slot>
    </slot>
  `}function qo(){return`
    <slot name="tooltip-mute">${L("Mute")}</slot>
    <slot name="tooltip-unmute">${L("Unmute")}</slot>
  `}const Hn=t=>{const e=t.mediaVolumeLevel==="off",i=L(e?"unmute":"mute");t.setAttribute("aria-label",i)};class Ba extends Se{static get observedAttributes(){return[...super.observedAttributes,o.MEDIA_VOLUME_LEVEL]}connectedCallback(){super.connectedCallback(),Hn(this)}attributeChangedCallback(e,i,a){super.attributeChangedCallback(e,i,a),e===o.MEDIA_VOLUME_LEVEL&&Hn(this)}get mediaVolumeLevel(){return Y(this,o.MEDIA_VOLUME_LEVEL)}set mediaVolumeLevel(e){q(this,o.MEDIA_VOLUME_LEVEL,e)}handleClick(){const e=this.mediaVolumeLevel==="off"?v.MEDIA_UNMUTE_REQUEST:v.MEDIA_MUTE_REQUEST;this.dispatchEvent(new d.CustomEvent(e,{composed:!0,bubbles:!0}))}}Ba.getSlotTemplateHTML=Go;Ba.getTooltipContentHTML=qo;d.customElements.get("media-mute-button")||d.customElements.define("media-mute-button",Ba);const Yo=`<svg aria-hidden="true" viewBox="0 0 26 24">
  <path d="M22.83 5.68a2.58 2.58 0 0 0-2.3-2.5c-3.62-.24-11.44-.24-15.06 0a2.58 2.58 0 0 0-2.3 2.5c-.23 4.21-.23 8.43 0 12.64a2.58 2.58 0 0 0 2.3 2.5c3.62.24 11.44.24 15.06 0a2.58 2.58 0 0 0 2.3-2.5c.23-4.21.23-8.43 0-12.64Zm-11.39 9.45a3.07 3.07 0 0 1-1.91.57 3.06 3.06 0 0 1-2.34-1 3.75 3.75 0 0 1-.92-2.67 3.92 3.92 0 0 1 .92-2.77 3.18 3.18 0 0 1 2.43-1 2.94 2.94 0 0 1 2.13.78c.364.359.62.813.74 1.31l-1.43.35a1.49 1.49 0 0 0-1.51-1.17 1.61 1.61 0 0 0-1.29.58 2.79 2.79 0 0 0-.5 1.89 3 3 0 0 0 .49 1.93 1.61 1.61 0 0 0 1.27.58 1.48 1.48 0 0 0 1-.37 2.1 2.1 0 0 0 .59-1.14l1.4.44a3.23 3.23 0 0 1-1.07 1.69Zm7.22 0a3.07 3.07 0 0 1-1.91.57 3.06 3.06 0 0 1-2.34-1 3.75 3.75 0 0 1-.92-2.67 3.88 3.88 0 0 1 .93-2.77 3.14 3.14 0 0 1 2.42-1 3 3 0 0 1 2.16.82 2.8 2.8 0 0 1 .73 1.31l-1.43.35a1.49 1.49 0 0 0-1.51-1.21 1.61 1.61 0 0 0-1.29.58A2.79 2.79 0 0 0 15 12a3 3 0 0 0 .49 1.93 1.61 1.61 0 0 0 1.27.58 1.44 1.44 0 0 0 1-.37 2.1 2.1 0 0 0 .6-1.15l1.4.44a3.17 3.17 0 0 1-1.1 1.7Z"/>
</svg>`,Qo=`<svg aria-hidden="true" viewBox="0 0 26 24">
  <path d="M17.73 14.09a1.4 1.4 0 0 1-1 .37 1.579 1.579 0 0 1-1.27-.58A3 3 0 0 1 15 12a2.8 2.8 0 0 1 .5-1.85 1.63 1.63 0 0 1 1.29-.57 1.47 1.47 0 0 1 1.51 1.2l1.43-.34A2.89 2.89 0 0 0 19 9.07a3 3 0 0 0-2.14-.78 3.14 3.14 0 0 0-2.42 1 3.91 3.91 0 0 0-.93 2.78 3.74 3.74 0 0 0 .92 2.66 3.07 3.07 0 0 0 2.34 1 3.07 3.07 0 0 0 1.91-.57 3.17 3.17 0 0 0 1.07-1.74l-1.4-.45c-.083.43-.3.822-.62 1.12Zm-7.22 0a1.43 1.43 0 0 1-1 .37 1.58 1.58 0 0 1-1.27-.58A3 3 0 0 1 7.76 12a2.8 2.8 0 0 1 .5-1.85 1.63 1.63 0 0 1 1.29-.57 1.47 1.47 0 0 1 1.51 1.2l1.43-.34a2.81 2.81 0 0 0-.74-1.32 2.94 2.94 0 0 0-2.13-.78 3.18 3.18 0 0 0-2.43 1 4 4 0 0 0-.92 2.78 3.74 3.74 0 0 0 .92 2.66 3.07 3.07 0 0 0 2.34 1 3.07 3.07 0 0 0 1.91-.57 3.23 3.23 0 0 0 1.07-1.74l-1.4-.45a2.06 2.06 0 0 1-.6 1.07Zm12.32-8.41a2.59 2.59 0 0 0-2.3-2.51C18.72 3.05 15.86 3 13 3c-2.86 0-5.72.05-7.53.17a2.59 2.59 0 0 0-2.3 2.51c-.23 4.207-.23 8.423 0 12.63a2.57 2.57 0 0 0 2.3 2.5c1.81.13 4.67.19 7.53.19 2.86 0 5.72-.06 7.53-.19a2.57 2.57 0 0 0 2.3-2.5c.23-4.207.23-8.423 0-12.63Zm-1.49 12.53a1.11 1.11 0 0 1-.91 1.11c-1.67.11-4.45.18-7.43.18-2.98 0-5.76-.07-7.43-.18a1.11 1.11 0 0 1-.91-1.11c-.21-4.14-.21-8.29 0-12.43a1.11 1.11 0 0 1 .91-1.11C7.24 4.56 10 4.49 13 4.49s5.76.07 7.43.18a1.11 1.11 0 0 1 .91 1.11c.21 4.14.21 8.29 0 12.43Z"/>
</svg>`;function zo(t){return`
    <style nonce="${d.vidpipeNonce}">
      :host([aria-checked="true"]) slot[name=off] {
        display: none !important;
      }

      
      :host(:not([aria-checked="true"])) slot[name=on] {
        display: none !important;
      }

      :host([aria-checked="true"]) slot[name=tooltip-enable],
      :host(:not([aria-checked="true"])) slot[name=tooltip-disable] {
        display: none;
      }
    </style>

    <slot name="icon">
      <slot name="on">${Yo}</slot>
      <slot name="off">${Qo}</slot>
    </slot>
  `}function Xo(){return`
    <slot name="tooltip-enable">${L("Enable captions")}</slot>
    <slot name="tooltip-disable">${L("Disable captions")}</slot>
  `}const Wn=t=>{t.setAttribute("aria-checked",xs(t).toString())};class Va extends Se{static get observedAttributes(){return[...super.observedAttributes,o.MEDIA_SUBTITLES_LIST,o.MEDIA_SUBTITLES_SHOWING]}connectedCallback(){super.connectedCallback(),this.setAttribute("role","button"),this.setAttribute("aria-label",L("closed captions")),Wn(this)}attributeChangedCallback(e,i,a){super.attributeChangedCallback(e,i,a),e===o.MEDIA_SUBTITLES_SHOWING&&Wn(this)}get mediaSubtitlesList(){return Bn(this,o.MEDIA_SUBTITLES_LIST)}set mediaSubtitlesList(e){Vn(this,o.MEDIA_SUBTITLES_LIST,e)}get mediaSubtitlesShowing(){return Bn(this,o.MEDIA_SUBTITLES_SHOWING)}set mediaSubtitlesShowing(e){Vn(this,o.MEDIA_SUBTITLES_SHOWING,e)}handleClick(){this.dispatchEvent(new d.CustomEvent(v.MEDIA_TOGGLE_SUBTITLES_REQUEST,{composed:!0,bubbles:!0}))}}Va.getSlotTemplateHTML=zo;Va.getTooltipContentHTML=Xo;const Bn=(t,e)=>{const i=t.getAttribute(e);return i?_r(i):[]},Vn=(t,e,i)=>{if(!i?.length){t.removeAttribute(e);return}const a=na(i);t.getAttribute(e)!==a&&t.setAttribute(e,a)};d.customElements.get("media-captions-button")||d.customElements.define("media-captions-button",Va);var Gr=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},Zo=(t,e,i)=>(Gr(t,e,"read from private field"),e.get(t)),Jo=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},jo=(t,e,i,a)=>(Gr(t,e,"write to private field"),e.set(t,i),i),yi;const el=`<svg aria-hidden="true" viewBox="0 0 26 24">
  <path d="M16 3v2.5h3.5V9H22V3h-6ZM4 9h2.5V5.5H10V3H4v6Zm15.5 9.5H16V21h6v-6h-2.5v3.5ZM6.5 15H4v6h6v-2.5H6.5V15Z"/>
</svg>`,tl=`<svg aria-hidden="true" viewBox="0 0 26 24">
  <path d="M18.5 6.5V3H16v6h6V6.5h-3.5ZM16 21h2.5v-3.5H22V15h-6v6ZM4 17.5h3.5V21H10v-6H4v2.5Zm3.5-11H4V9h6V3H7.5v3.5Z"/>
</svg>`;function il(t){return`
    <style nonce="${d.vidpipeNonce}">
      :host([${o.MEDIA_IS_FULLSCREEN}]) slot[name=icon] slot:not([name=exit]) {
        display: none !important;
      }

      
      :host(:not([${o.MEDIA_IS_FULLSCREEN}])) slot[name=icon] slot:not([name=enter]) {
        display: none !important;
      }

      :host([${o.MEDIA_IS_FULLSCREEN}]) slot[name=tooltip-enter],
      :host(:not([${o.MEDIA_IS_FULLSCREEN}])) slot[name=tooltip-exit] {
        display: none;
      }
    </style>

    <slot name="icon">
      <slot name="enter">${el}</slot>
      <slot name="exit">${tl}</slot>
    </slot>
  `}function al(){return`
    <slot name="tooltip-enter">${L("Enter fullscreen mode")}</slot>
    <slot name="tooltip-exit">${L("Exit fullscreen mode")}</slot>
  `}const Kn=t=>{const e=t.mediaIsFullscreen?L("exit fullscreen mode"):L("enter fullscreen mode");t.setAttribute("aria-label",e)};class Ka extends Se{constructor(){super(...arguments),Jo(this,yi,null)}static get observedAttributes(){return[...super.observedAttributes,o.MEDIA_IS_FULLSCREEN,o.MEDIA_FULLSCREEN_UNAVAILABLE]}connectedCallback(){super.connectedCallback(),Kn(this)}attributeChangedCallback(e,i,a){super.attributeChangedCallback(e,i,a),e===o.MEDIA_IS_FULLSCREEN&&Kn(this)}get mediaFullscreenUnavailable(){return Y(this,o.MEDIA_FULLSCREEN_UNAVAILABLE)}set mediaFullscreenUnavailable(e){q(this,o.MEDIA_FULLSCREEN_UNAVAILABLE,e)}get mediaIsFullscreen(){return D(this,o.MEDIA_IS_FULLSCREEN)}set mediaIsFullscreen(e){C(this,o.MEDIA_IS_FULLSCREEN,e)}handleClick(e){jo(this,yi,e);const i=Zo(this,yi)instanceof PointerEvent,a=this.mediaIsFullscreen?new d.CustomEvent(v.MEDIA_EXIT_FULLSCREEN_REQUEST,{composed:!0,bubbles:!0}):new d.CustomEvent(v.MEDIA_ENTER_FULLSCREEN_REQUEST,{composed:!0,bubbles:!0,detail:i});this.dispatchEvent(a)}}yi=new WeakMap;Ka.getSlotTemplateHTML=il;Ka.getTooltipContentHTML=al;d.customElements.get("media-fullscreen-button")||d.customElements.define("media-fullscreen-button",Ka);
